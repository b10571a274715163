/* Frames to and from an engine: `looop.core.wire` and `looop.engine.line`.
 *
 * A frame is one byte for its kind, four for its payload's length, big-endian, and the payload. Nothing here
 * knows what a kind means, only which ones there are.
 */
#include "wire.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void put_size(unsigned char at[4], size_t size)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(size >> (24 - 8 * i));
}

size_t big_endian(const unsigned char at[4])
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

void line_open(struct line *line, int socket)
{
    line->socket = socket;
    line->taken = line->gone = false;
    line->sent = line->filled = line->next = line->heard = 0;
}

void line_close(struct line *line)
{
    close(line->socket);
}

/* Move what waits to be sent to the front of its buffer. */
static void make_room(struct line *line)
{
    memmove(line->out, line->out + line->sent, line->filled - line->sent);
    line->filled -= line->sent;
    line->sent = 0;
}

void frame_begin(struct line *line, enum frame_kind kind)
{
    make_room(line);
    line->begun = line->filled;
    line->cramped = false;
    unsigned char head[HEADER] = {(unsigned char)kind};
    frame_put(line, head, sizeof head);
}

void frame_put(struct line *line, const void *bytes, size_t size)
{
    line->cramped |= size > sizeof line->out - line->filled;
    if (line->cramped)
        return;
    memcpy(line->out + line->filled, bytes, size);
    line->filled += size;
}

bool frame_end(struct line *line)
{
    size_t size = line->filled - line->begun - HEADER;
    if (line->cramped || size > LARGEST) {
        line->filled = line->begun;
        return false;
    }
    put_size(line->out + line->begun + 1, size);
    return true;
}

void line_queue(struct line *line, enum frame_kind kind, const void *bytes, size_t size)
{
    if (line->gone)
        return;
    frame_begin(line, kind);
    frame_put(line, bytes, size);
    line->gone = !frame_end(line);
}

size_t line_unsent(const struct line *line)
{
    return line->filled - line->sent;
}

void line_send(struct line *line)
{
    ssize_t size = send(line->socket, line->out + line->sent, line_unsent(line), 0);
    if (size >= 0)
        line->sent += (size_t)size;
    else if (errno != EAGAIN && errno != EINTR) /* the engine hung up; what it said before can still be read */
        line->sent = line->filled;
}

void line_receive(struct line *line)
{
    /* What is left is the beginning of one frame. */
    memmove(line->in, line->in + line->next, line->heard - line->next);
    line->heard -= line->next;
    line->next = 0;
    size_t room = sizeof line->in - line->heard, most = CHUNK + HEADER;
    ssize_t size = recv(line->socket, line->in + line->heard, room < most ? room : most, 0);
    if (size > 0)
        line->heard += (size_t)size;
    else if (size == 0 || (errno != EAGAIN && errno != EINTR))
        line->gone = true;
}

/* Whether this program has ever heard of such a frame. */
static bool makes_sense(int kind, size_t size)
{
    return kind < 32 && (KNOWN_KINDS >> kind & 1) && size <= LARGEST;
}

bool line_next(struct line *line, struct frame *frame)
{
    const unsigned char *head = line->in + line->next;
    size_t there = line->heard - line->next;
    if (line->gone || there < HEADER)
        return false;
    size_t size = big_endian(head + 1);
    if (!makes_sense(head[0], size)) {
        line->gone = true;
        return false;
    }
    if (there < HEADER + size)
        return false;
    *frame = (struct frame){head[0], head + HEADER, size};
    line->next += HEADER + size;
    return true;
}
