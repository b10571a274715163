/* What a verb's first frame tells the engine: `pack_run` of `looop.core.wire`.
 *
 * `protocol argc arg… cwd nenv NAME=VALUE… tty`, each field ended by a NUL, bytes passed on as they are. Of
 * the environment only what `table.h` lists travels; the engine has no use for the rest, nor a right to it.
 */
#include "run.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

extern char **environ;

bool words_from(struct words *words, int count, char *const argv[])
{
    words->count = count;
    words->size = 0;
    for (int i = 0; i < count; i++) {
        size_t size = strlen(argv[i]) + 1;
        if (size > sizeof words->bytes - words->size)
            return false;
        memcpy(words->bytes + words->size, argv[i], size);
        words->size += size;
    }
    return true;
}

bool words_from_bytes(struct words *words, const void *bytes, size_t size)
{
    const char *text = bytes;
    if (size > sizeof words->bytes || (size && text[size - 1]))
        return false;
    memcpy(words->bytes, bytes, size);
    words->size = size;
    words->count = 0;
    for (size_t i = 0; i < size; i++)
        words->count += !text[i];
    return true;
}

static void put_text(struct line *line, const char *text)
{
    frame_put(line, text, strlen(text) + 1);
}

static void put_number(struct line *line, int number)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%d", number);
    put_text(line, digits);
}

/* How much of NAME=VALUE is the name. */
static size_t name_size(const char *entry)
{
    return strcspn(entry, "=");
}

static bool listed(const char *entry)
{
    static const char *const names[] = ENVIRONMENT, *const prefixes[] = PREFIXES;
    size_t size = name_size(entry);
    if (!entry[size]) /* no variable at all */
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (size == strlen(names[i]) && !memcmp(entry, names[i], size))
            return true;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (!strncmp(entry, prefixes[i], strlen(prefixes[i])))
            return true;
    return false;
}

/* Whether the name stands in the environment for the first time; that entry is the one everybody reads. */
static bool first(char *const *entry)
{
    size_t size = name_size(*entry) + 1;
    for (char *const *other = environ; other < entry; other++)
        if (!strncmp(*other, *entry, size))
            return false;
    return true;
}

static void put_environment(struct line *line)
{
    int count = 0;
    for (char **entry = environ; *entry; entry++)
        count += listed(*entry) && first(entry);
    put_number(line, count);
    for (char **entry = environ; *entry; entry++)
        if (listed(*entry) && first(entry))
            put_text(line, *entry);
}

/* The size of the first of our streams that is a terminal, in cells. */
static struct winsize terminal_size(void)
{
    static const int streams[] = {STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO};
    struct winsize size = {0};
    for (int i = 0; i < 3; i++)
        if (isatty(streams[i])) {
            ioctl(streams[i], TIOCGWINSZ, &size);
            break;
        }
    size.ws_col = size.ws_col ? size.ws_col : 80;
    size.ws_row = size.ws_row ? size.ws_row : 24;
    return size;
}

static void put_terminal(struct line *line)
{
    char facts[32];
    struct winsize size = terminal_size();
    snprintf(facts, sizeof facts, "%d %d %d %d %d", isatty(STDIN_FILENO), isatty(STDOUT_FILENO),
             isatty(STDERR_FILENO), size.ws_col, size.ws_row);
    put_text(line, facts);
}

bool run_queue(struct line *line, int protocol, const struct words *words, const char *cwd)
{
    frame_begin(line, RUN);
    put_number(line, protocol);
    put_number(line, words->count);
    frame_put(line, words->bytes, words->size);
    put_text(line, cwd);
    put_environment(line);
    put_terminal(line);
    return frame_end(line);
}

void size_queue(struct line *line)
{
    char text[16];
    struct winsize size = terminal_size();
    int length = snprintf(text, sizeof text, "%d %d", size.ws_col, size.ws_row);
    line_queue(line, WINCH, text, (size_t)length);
}
