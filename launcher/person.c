/* What the person says, by signals and on stdin, and what they read.
 *
 * A signal is for the verb, not for the engine: it is handed on once, and the verb then has 2 s for its end.
 * Who asks twice, or while there is no engine to be told, has ended this process and nothing else.
 */
#include "person.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "signals.h"

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
        verb_end(verb, SIGNALLED + number);
    }
}

void heed_signals(struct verb *verb)
{
    unsigned char numbers[64];
    size_t count = signals_arrived(numbers, sizeof numbers);
    for (size_t i = 0; i < count; i++)
        heed(verb, numbers[i]);
}

void read_stdin(struct verb *verb)
{
    static unsigned char typed[CHUNK];
    ssize_t size = read(STDIN_FILENO, typed, sizeof typed);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    size = size < 0 ? 0 : size; /* a terminal that went away has nothing more to say */
    line_queue(&verb->line, STDIN, typed, (size_t)size);
    verb->wants_stdin = size > 0;
}

void write_some(struct verb *verb)
{
    switch (output_write(&verb->writing)) {
    case GOING_ON:
        return;
    case FAILED: /* a full disk, a terminal that went away */
        if (verb->writing.stream == STDOUT_FILENO) {
            say(UNWRITABLE, strerror(errno));
            verb_end(verb, 1);
        }
        break;
    case READER_LEFT:
        if (verb->writing.stream == STDOUT_FILENO)
            verb_end(verb, 0);
        break;
    }
    verb->writing.size = 0;
}
