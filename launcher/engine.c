/* What the engine says: one function for each kind of frame that means something to its caller.
 *
 * Frames are taken one at a time, and the next only once the last one's text is written. So while our reader
 * is slow nothing is read from the engine, which holds the verb back, and memory stays what it was.
 */
#include "engine.h"

#include <string.h>
#include <unistd.h>

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

/* Read a frame that is a number; -1 when it is none. */
static int number_in(const struct frame *frame)
{
    const size_t digits = 7; /* as many as the largest length has */
    int number = 0;
    if (frame->size < 1 || frame->size > digits)
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
        verb->reconnect = RECONNECT_MS;
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

void hear_engine(struct verb *verb)
{
    struct frame frame;
    while (!verb->writing.size && !verb_over(verb) && line_next(&verb->line, &frame))
        if (!take(verb, &frame))
            verb->line.gone = true;
}
