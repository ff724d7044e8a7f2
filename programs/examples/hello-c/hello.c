// On how many days was it warmer in Seattle than in New York? Reads both cities' files, writes two
// numbers, and says nothing else of either. An ordinary program: files, and nothing of Veracruz.

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct day {
    char date[16];
    double temperature;
};

struct days {
    struct day *list;
    size_t count;
};

static void fail(const char *path, size_t line, const char *what) {
    if (line > 0) {
        fprintf(stderr, "%s, line %zu: %s\n", path, line, what);
    } else {
        fprintf(stderr, "%s: %s\n", path, what);
    }
    exit(EXIT_FAILURE);
}

// A line `date,temperature`.
static bool parse(char *line, struct day *day) {
    char *comma = strchr(line, ',');
    if (comma == NULL || (size_t)(comma - line) >= sizeof day->date) {
        return false;
    }
    *comma = '\0';
    strcpy(day->date, line);
    char *end;
    day->temperature = strtod(comma + 1, &end);
    bool number = end != comma + 1 && isfinite(day->temperature);
    return number && end[strspn(end, " \r\n")] == '\0';
}

// Day by day, below a heading.
static struct days temperatures(const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail(path, 0, strerror(errno));
    }
    struct days days = {NULL, 0};
    char *line = NULL;
    size_t space = 0;
    for (size_t number = 1; getline(&line, &space, file) >= 0; number++) {
        if (number == 1) {
            continue;
        }
        struct day *list = realloc(days.list, (days.count + 1) * sizeof *list);
        if (list == NULL) {
            fail(path, number, "no memory left");
        }
        days.list = list;
        if (!parse(line, &days.list[days.count])) {
            fail(path, number, "expected DATE,TEMPERATURE");
        }
        days.count++;
    }
    free(line);
    fclose(file);
    return days;
}

static int by_date(const void *one, const void *other) {
    return strcmp(((const struct day *)one)->date, ((const struct day *)other)->date);
}

int main(void) {
    struct days seattle = temperatures("/input/seattle.csv");
    struct days new_york = temperatures("/input/new_york.csv");
    qsort(new_york.list, new_york.count, sizeof *new_york.list, by_date);
    size_t both = 0, warmer = 0;
    for (size_t index = 0; index < seattle.count; index++) {
        const struct day *here = &seattle.list[index];
        const struct day *there =
            bsearch(here, new_york.list, new_york.count, sizeof *here, by_date);
        if (there != NULL) {
            both++;
            warmer += here->temperature > there->temperature;
        }
    }
    FILE *output = fopen("/output/summary.json", "w");
    if (output == NULL) {
        fail("/output/summary.json", 0, strerror(errno));
    }
    fprintf(output, "{\"days\": %zu, \"seattle_warmer\": %zu}\n", both, warmer);
    if (fclose(output) != 0) {
        fail("/output/summary.json", 0, strerror(errno));
    }
    return EXIT_SUCCESS;
}
