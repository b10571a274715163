/* A verb on its way: `looop.engine.client`, whose behaviour this has in every respect that a person can see.
 *
 * In: argv and this process's streams. Out: an exit code, or "run it yourself". One loop on `poll` waits for
 * everything: the engine, signals, stdin, the readers of our output. `engine.c` and `person.c` do what comes.
 */
#include "relay.h"

#include <poll.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"
#include "engine.h"
#include "person.h"
#include "platform.h"
#include "signals.h"

/* What a turn waits for. */
enum { BY_SIGNAL, FROM_ENGINE, READER, WRITING, TYPING, WAITS };

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
        verb_end(verb, SIGNALLED + verb->signalled);
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
        heed_signals(verb);
    if (waits[READER].revents)
        verb_end(verb, 0);
    if (waits[TYPING].revents)
        read_stdin(verb);
    if (waits[WRITING].revents && verb->writing.size)
        write_some(verb);
    if (waits[FROM_ENGINE].revents && line_unsent(&verb->line))
        line_send(&verb->line);
    if (waits[FROM_ENGINE].revents && waits[FROM_ENGINE].events & POLLIN)
        line_receive(&verb->line);
    hear_engine(verb);
}

/* Use one connection until it ends; whether the engine had taken the verb by `until`. */
static bool ride(struct verb *verb, int64_t until)
{
    verb->until = until;
    while (verb->writing.size || !(verb->line.gone || verb_over(verb)))
        turn(verb);
    if (verb->signalled && verb->code == NO_CODE)
        verb->code = SIGNALLED + verb->signalled;
    return verb->line.taken;
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
    heed_signals(verb);
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

static bool lost(const struct verb *verb)
{
    return verb->code == NO_CODE && verb->resumable && !verb->left_to_us;
}

/* Follow a verb that can go on at the next engine, for as long as one is found. */
static void go_on(struct verb *verb)
{
    int64_t until = now() + verb->reconnect;
    while (lost(verb) && now() < until) {
        if (redial(verb) && ride(verb, until))
            until = now() + verb->reconnect;
        else
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
    if (verb->code == NO_CODE) {
        say(LOST, verb->name);
        verb->code = UNREACHABLE;
    }
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
