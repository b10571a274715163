/* A stand-in for the packed Python program: the Python of a test, or an exit code that says "run it here". */
#include "bundle.h"

#include <stdlib.h>
#include <unistd.h>

#define RUN_IT_HERE 77
#define MOST 4096

bool bundle_inside(void)
{
    return false;
}

_Noreturn void bundle_exec(char *const argv[])
{
    static char *words[MOST] = {NULL, "-P", "-m", "looop"};
    int count = 4;
    words[0] = getenv("LAUNCHER_TEST_PYTHON");
    for (int i = 1; argv[i] && count < MOST - 1; i++)
        words[count++] = argv[i];
    if (words[0])
        execv(words[0], words);
    _exit(RUN_IT_HERE);
}
