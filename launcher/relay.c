/* A verb on its way: `looop.engine.client`, whose behaviour this has in every respect that a person can see.
 *
 * In: argv and this process's streams. Out: an exit code, or "run it yourself". One loop on `poll` waits for
 * everything: engine, signals, stdin, the readers of our output. Frames are taken one at a time, and the next
 * only once the last one's text is written. So while our reader is slow nothing is read from the engine,
 * which holds the verb back, and memory stays what it was.
 */
#include "relay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"
#include "output.h"
#include "platform.h"
#include "run.h"
#include "signals.h"
#include "wire.h"

#define NEVER INT64_MAX
#define NO_CODE (-1)

/* What a turn waits for. */
enum { BY_SIGNAL, FROM_ENGINE, READER, WRITING, TYPING, WAITS };

/* One verb. It is one object for the whole program, and large: see `struct line`. */
struct verb {
    const char *name, *path, *cwd;
    struct words words; /* the next RUN's */
    struct line line;
    struct output writing;
    int signals;
    int speaks;        /* the protocol of the next RUN */
    bool started;      /* some engine has taken it */
    bool resumable;    /* the next engine can go on with it */
    bool left_to_us;   /* the engine says that it must run in the caller's process */
    bool wants_stdin;  /* the engine reads our stdin, which has not ended */
    bool piped;        /* our stdout is a pipe, whose reader may leave */
    int signalled;     /* the signal that was handed on */
    int code;          /* the exit code, once it is known */
    int64_t until;     /* when it must have been taken, or must have ended after a signal */
    int64_t reconnect; /* ms to find the next engine */
};

static bool over(const struct verb *verb)
{
    return verb->code != NO_CODE || verb->left_to_us;
}

static bool lost(const struct verb *verb)
{
    return verb->code == NO_CODE && verb->resumable && !verb->left_to_us;
}

/* End the verb without what it still had to say. */
static void end(struct verb *verb, int code)
{
    verb->writing.size = 0;
    verb->code = code;
}

static void give_up(struct verb *verb)
{
    say(LOST, verb->name);
    verb->code = UNREACHABLE;
}

/* ---- what the engine says ---- */

static void write_out(struct verb *verb, int stream, const unsigned char *data, size_t size)
{
    verb->writing = (struct output){stream, data, size};
}

/* Learn how to go on at the next engine. False when these are no arguments. */
static bool learn(struct verb *verb, const unsigned char *data, size_t size)
{
    verb->resumable = words_from_bytes(&verb->words, data, size);
    return verb->resumable;
}

/* HAND: arguments and a text in one, of which we must own up to the next engine or be given it again. */
static bool take_hand(struct verb *verb, const struct frame *frame)
{
    const size_t head = 4;
    if (frame->size < head)
        return false;
    size_t size = big_endian(frame->data), room = frame->size - head;
    if (size > room || !learn(verb, frame->data + head, size))
        return false;
    verb->reconnect = OWNING_UP_MS;
    write_out(verb, STDOUT_FILENO, frame->data + head + size, room - size);
    return true;
}

/* Read a number that ends with its frame; -1 when there is none. */
static int number_in(const struct frame *frame)
{
    int number = 0;
    if (frame->size < 1 || frame->size > 7)
        return -1;
    for (size_t i = 0; i < frame->size; i++) {
        if (frame->data[i] < '0' || frame->data[i] > '9')
            return -1;
        number = 10 * number + frame->data[i] - '0';
    }
    return number;
}

/* BADVERSION: hang up to speak as old a protocol as the engine, or tell the person that it can't be. */
static bool take_other_protocol(struct verb *verb, const struct frame *frame)
{
    int theirs = number_in(frame);
    if (theirs < 0 || verb->line.taken)
        return false;
    if (OLDEST <= theirs && theirs < verb->speaks) {
        verb->speaks = theirs;
        verb->line.gone = true;
    } else {
        say(OTHER_PROTOCOL, PROTOCOL, theirs);
        verb->code = UNREACHABLE;
    }
    return true;
}

static void take_start(struct verb *verb)
{
    verb->started = verb->line.taken = true;
    verb->until = NEVER;
}

/* Do what a frame says; false when it makes no sense. */
static bool take(struct verb *verb, const struct frame *frame)
{
    switch (frame->kind) {
    case TAKEN:
        take_start(verb);
        return true;
    case OUT:
        write_out(verb, STDOUT_FILENO, frame->data, frame->size);
        return true;
    case ERR:
        write_out(verb, STDERR_FILENO, frame->data, frame->size);
        return true;
    case EXIT:
        verb->code = frame->size ? frame->data[0] : 1;
        return true;
    case WANT_STDIN:
        verb->wants_stdin = true;
        return true;
    case RESUME:
        return learn(verb, frame->data, frame->size);
    case HAND:
        return take_hand(verb, frame);
    case SYNC: /* what came before it has been written, or it would not have been taken yet */
        line_queue(&verb->line, SYNCED, frame->data, frame->size);
        return true;
    case LOCAL:
        verb->left_to_us = true;
        return true;
    case BADVERSION:
        return take_other_protocol(verb, frame);
    default: /* a frame that only clients send, or RAW, which a verb without a terminal has no use for */
        return true;
    }
}

static void take_all(struct verb *verb)
{
    struct frame frame;
    while (!verb->writing.size && !over(verb) && line_next(&verb->line, &frame))
        if (!take(verb, &frame))
            verb->line.gone = true;
}

/* ---- what the person says ---- */

static const char *forwarded(int number)
{
    static const struct { int number; const char *name; } names[] = FORWARDED;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number)
            return names[i].name;
    return NULL;
}

static void heed(struct verb *verb, int number)
{
    const char *name = forwarded(number);
    if (number == SIGWINCH) {
        size_queue(&verb->line);
    } else if (verb->line.taken && !verb->signalled && !verb->line.gone) {
        line_queue(&verb->line, SIGNAL, name, strlen(name));
        verb->signalled = number;
        verb->until = now() + GRACE_MS;
    } else { /* nobody there to end it, or asked twice */
        end(verb, SIGNALLED + number);
    }
}

static void heed_all(struct verb *verb)
{
    unsigned char numbers[64];
    size_t count = signals_arrived(numbers, sizeof numbers);
    for (size_t i = 0; i < count; i++)
        heed(verb, numbers[i]);
}

static void read_stdin(struct verb *verb)
{
    static unsigned char typed[CHUNK];
    ssize_t size = read(STDIN_FILENO, typed, sizeof typed);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    size = size < 0 ? 0 : size; /* a terminal that went away has nothing more to say */
    line_queue(&verb->line, STDIN, typed, (size_t)size);
    verb->wants_stdin = size > 0;
}

static void write_some(struct verb *verb)
{
    switch (output_write(&verb->writing)) {
    case GOING_ON:
        return;
    case FAILED: /* a full disk, a terminal that went away */
        if (verb->writing.stream == STDOUT_FILENO) {
            say(UNWRITABLE, strerror(errno));
            end(verb, 1);
        }
        break;
    case READER_LEFT:
        if (verb->writing.stream == STDOUT_FILENO)
            end(verb, 0);
        break;
    }
    verb->writing.size = 0;
}

/* ---- the loop ---- */

static void prepare(const struct verb *verb, struct pollfd waits[WAITS])
{
    bool writing = verb->writing.size, typing = verb->wants_stdin && line_unsent(&verb->line) < CHUNK;
    short engine = (short)((writing ? 0 : POLLIN) | (line_unsent(&verb->line) ? POLLOUT : 0));
    /* `poll` passes over a negative descriptor. It reports errors and hang-ups of all others, asked or not. */
    waits[BY_SIGNAL] = (struct pollfd){verb->signals, POLLIN, 0};
    waits[FROM_ENGINE] = (struct pollfd){engine ? verb->line.socket : -1, engine, 0};
    waits[READER] = (struct pollfd){verb->piped ? STDOUT_FILENO : -1, 0, 0};
    waits[WRITING] = (struct pollfd){writing ? verb->writing.stream : -1, POLLOUT, 0};
    waits[TYPING] = (struct pollfd){typing ? STDIN_FILENO : -1, POLLIN, 0};
}

/* How long a turn may wait, in ms; -1 without limit. */
static int left(const struct verb *verb)
{
    if (verb->until == NEVER)
        return -1;
    int64_t time = verb->until - now();
    return time < 0 ? 0 : time > INT32_MAX ? INT32_MAX : (int)time;
}

/* End a verb that was not taken in time, or one that a signal should have ended. */
static void too_late(struct verb *verb)
{
    if (verb->signalled)
        end(verb, SIGNALLED + verb->signalled);
    else
        verb->line.gone = true;
}

/* Wait until something can be done, and do it. */
static void turn(struct verb *verb)
{
    struct pollfd waits[WAITS];
    prepare(verb, waits);
    if (poll(waits, WAITS, left(verb)) < 0) /* a signal, whose number the next turn reads */
        return;
    if (now() >= verb->until)
        too_late(verb);
    if (waits[BY_SIGNAL].revents)
        heed_all(verb);
    if (waits[READER].revents)
        end(verb, 0);
    if (waits[TYPING].revents)
        read_stdin(verb);
    if (waits[WRITING].revents && verb->writing.size)
        write_some(verb);
    if (waits[FROM_ENGINE].revents && line_unsent(&verb->line))
        line_send(&verb->line);
    if (waits[FROM_ENGINE].revents && waits[FROM_ENGINE].events & POLLIN)
        line_receive(&verb->line);
    take_all(verb);
}

/* Use one connection until it ends; by `until` the engine must have taken the verb. */
static void ride(struct verb *verb, int64_t until)
{
    verb->until = until;
    while (verb->writing.size || !(verb->line.gone || over(verb)))
        turn(verb);
    if (verb->signalled && verb->code == NO_CODE)
        verb->code = SIGNALLED + verb->signalled;
}

/* Say RUN on a new connection; false when it is too large. */
static bool begin(struct verb *verb, int socket)
{
    line_open(&verb->line, socket);
    verb->wants_stdin = verb->left_to_us = false;
    return run_queue(&verb->line, verb->speaks, &verb->words, verb->cwd);
}

/* Connect to the next engine. */
static bool redial(struct verb *verb)
{
    int socket = dial(verb->path, 0);
    if (socket < 0)
        return false;
    line_close(&verb->line);
    if (begin(verb, socket))
        return true;
    verb->line.gone = true; /* arguments of the engine's making, too long for a frame */
    return false;
}

/* Wait for the next engine, listening to signals. */
static void pause_for_it(struct verb *verb)
{
    struct pollfd signals = {verb->signals, POLLIN, 0};
    poll(&signals, 1, PAUSE_MS);
    heed_all(verb);
}

/* Have the verb taken, in the newest protocol that both sides speak. */
static void begin_with_the_newest(struct verb *verb)
{
    int spoken;
    do {
        spoken = verb->speaks;
        ride(verb, now() + PATIENCE_MS);
    } while (verb->speaks != spoken && redial(verb));
}

/* Follow a verb that can go on at the next engine, for as long as one is found. */
static void go_on(struct verb *verb)
{
    int64_t until = now() + verb->reconnect;
    while (lost(verb) && now() < until) {
        if (redial(verb)) {
            ride(verb, until);
            until = verb->line.taken ? now() + verb->reconnect : until;
        }
        if (!verb->line.taken)
            pause_for_it(verb);
    }
}

/* Relay to the verb's end, over as many engines as that takes; false when it must run here. */
static bool follow(struct verb *verb)
{
    begin_with_the_newest(verb);
    if (!verb->started || (verb->left_to_us && !verb->resumable))
        return verb->code != NO_CODE;
    go_on(verb);
    if (verb->code == NO_CODE)
        give_up(verb);
    return true;
}

bool relay(int count, char *const words[], int *code)
{
    static struct verb verb;
    static char path[ROOM_FOR_PATH], cwd[ROOM_FOR_PATH];
    /* A folder that was removed, or arguments too long for a frame: the Python program knows what to say. */
    if (!getcwd(cwd, sizeof cwd) || !socket_path(path, sizeof path, cwd) || !words_from(&verb.words, count, words))
        return false;
    int socket = dial(path, PATIENCE_MS);
    if (socket < 0)
        return false;
    verb.name = count ? words[0] : "";
    verb.path = path;
    verb.cwd = cwd;
    verb.speaks = PROTOCOL;
    verb.code = NO_CODE;
    verb.reconnect = RECONNECT_MS;
    verb.piped = write_only_pipe(STDOUT_FILENO);
    bool relayed = begin(&verb, socket) && (verb.signals = signals_listen()) >= 0;
    if (relayed) {
        relayed = follow(&verb);
        signals_restore();
    }
    line_close(&verb.line);
    *code = verb.code;
    return relayed;
}
