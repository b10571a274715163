/* Which command lines go to the engine: `looop.cli.places`, as far as a launcher needs it.
 *
 * In: the words after the program's name. Out: yes or no. The lists are the Python program's own, put into
 * `table.h` at the build. Whatever is not in them is left to the Python program, help and mistakes included.
 */
#include "places.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define LONGEST_VERB 64 /* bytes; more than any verb of two words has */

static const char *const relayed[] = RELAYED;
static const char *const groups[] = GROUPS;
static const char *const help_flags[] = HELP_FLAGS;
static const struct { const char *flag, *verb; } aliases[] = ALIASES;

/* Spell out a flag that stands for a verb. */
static const char *normal(const char *word)
{
    for (size_t i = 0; i < COUNT(aliases); i++)
        if (!strcmp(word, aliases[i].flag))
            return aliases[i].verb;
    return word;
}

static bool among(const char *const list[], size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(word, list[i]))
            return true;
    return false;
}

/* Whether help is asked for among the options, that is before any `--`. */
static bool asks_help(int count, char *const words[])
{
    for (int i = 0; i < count && strcmp(words[i], "--"); i++)
        if (among(help_flags, COUNT(help_flags), words[i]))
            return true;
    return false;
}

/* Give the verb's name: "" for a bare `looop` and its flags, two words for the verbs of a group. */
static const char *verb_name(int count, char *const words[])
{
    static char both[LONGEST_VERB];
    const char *first = count ? normal(words[0]) : "";
    if (first[0] == '-')
        return "";
    if (!among(groups, COUNT(groups), first) || count < 2 || words[1][0] == '-')
        return first;
    int size = snprintf(both, sizeof both, "%s %s", first, words[1]);
    return size < (int)sizeof both ? both : first;
}

static int compare(const void *name, const void *entry)
{
    return strcmp(name, *(const char *const *)entry);
}

bool asks_version(const char *word)
{
    return !strcmp(normal(word), "version");
}

bool is_relayed(int count, char *const words[])
{
    const char *verb = verb_name(count, words);
    return !asks_help(count, words) && bsearch(verb, relayed, COUNT(relayed), sizeof *relayed, compare);
}
