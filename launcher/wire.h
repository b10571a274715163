/* One connection to an engine: what waits to be sent, and what has been heard. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "table.h"

/* One message: its kind, and bytes whose meaning the kind decides. They stay where they are until the next
 * `line_receive`. */
struct frame {
    int kind;
    const unsigned char *data;
    size_t size;
};

/* Both buffers hold the largest frame; of what they never held, the kernel never gives us the memory. */
struct line {
    int socket;
    bool taken;                 /* the engine has begun with the verb */
    bool gone;                  /* nothing more will come, or nothing that makes sense */
    bool cramped;               /* the frame that is being written does not fit */
    size_t sent, filled, begun; /* places in `out`: its waiting bytes, and the frame that is being written */
    size_t next, heard;         /* places in `in`: what was not taken yet, and its end */
    unsigned char out[HEADER + LARGEST + 4 * CHUNK];
    unsigned char in[HEADER + LARGEST];
};

/* Use a connected, non-blocking socket. */
void line_open(struct line *line, int socket);
void line_close(struct line *line);

/* Write a frame piece by piece; `frame_end` drops one that is too large, or that an engine which does not
 * read leaves no room for, and says so with false. */
void frame_begin(struct line *line, enum frame_kind kind);
void frame_put(struct line *line, const void *bytes, size_t size);
bool frame_end(struct line *line);

/* Write a whole frame, to be sent as soon as the engine reads. Without room for it the engine counts as gone. */
void line_queue(struct line *line, enum frame_kind kind, const void *bytes, size_t size);

/* Read a length as the protocol writes it. */
size_t big_endian(const unsigned char at[4]);

/* How many bytes wait to be sent. */
size_t line_unsent(const struct line *line);

/* Send what the socket takes now. */
void line_send(struct line *line);

/* Read once. All frames that were complete must have been taken. */
void line_receive(struct line *line);

/* Take the next complete frame; false when there is none. */
bool line_next(struct line *line, struct frame *frame);

#endif
