#include "config/nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

/* Only so much of longer words is compared: no setting is that long. */
#define WORD_LEN_MAX 48

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

static int fold(char c)
{
    return c == '-' ? '_' : tolower((unsigned char)c);
}

/* The Levenshtein distance, one row at a time. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_LEN_MAX + 1];
    size_t a_len = strnlen(a, WORD_LEN_MAX);
    size_t b_len = strnlen(b, WORD_LEN_MAX);

    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t above = row[j];

            row[j] =
                smallest(above + 1, row[j - 1] + 1, diagonal + (fold(a[i - 1]) != fold(b[j - 1])));
            diagonal = above;
        }
    }
    return row[b_len];
}

const char *config_nearest(const char *word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    size_t nearest_distance = SIZE_MAX;

    for (size_t i = 0; i < count; i++) {
        size_t candidate_distance = distance(word, candidates[i]) * 2;

        /* "id" means "app_id", although "key" has a smaller distance. */
        if (strstr(candidates[i], word) != NULL || strstr(word, candidates[i]) != NULL)
            candidate_distance /= 4;
        if (candidate_distance < nearest_distance) {
            nearest = candidates[i];
            nearest_distance = candidate_distance;
        }
    }
    return nearest;
}
