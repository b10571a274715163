/* Our signals as bytes on a descriptor: `looop.engine.signals`.
 *
 * A handler may do next to nothing, so it writes its number into a pipe of our own; the loop in `relay.c`
 * reads it there, between two other events, where anything may be done.
 */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static const int heard[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGPIPE};
#define HEARD (sizeof heard / sizeof *heard)

static struct sigaction before[HEARD];
static int reading = -1, writing = -1;

static void noticed(int number)
{
    int kept = errno;
    unsigned char byte = (unsigned char)number;
    (void)!write(writing, &byte, 1); /* a full pipe holds more signals than anybody sent on purpose */
    errno = kept;
}

static void listen_for(size_t which)
{
    int number = heard[which];
    struct sigaction action = {.sa_handler = number == SIGPIPE ? SIG_IGN : noticed, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(number, NULL, &before[which]);
    /* What was ignored at our start (nohup, a background job) shall not reach us now. */
    if (before[which].sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

int signals_listen(void)
{
    int ends[2];
    if (pipe(ends))
        return -1;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    reading = ends[0];
    writing = ends[1];
    for (size_t i = 0; i < HEARD; i++)
        listen_for(i);
    return reading;
}

size_t signals_arrived(unsigned char numbers[], size_t most)
{
    ssize_t size = read(reading, numbers, most);
    return size > 0 ? (size_t)size : 0;
}

void signals_restore(void)
{
    for (size_t i = 0; i < HEARD; i++)
        sigaction(heard[i], &before[i], NULL);
    close(reading);
    close(writing);
}
