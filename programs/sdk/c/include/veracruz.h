/* What C and C++ programs for Veracruz share. A program needs none of it: it is an ordinary WASI
 * program that opens files by path. One header, no library:
 *
 *     #include <veracruz.h>
 *
 *     int main(void) {
 *         struct vc_input input;
 *         vc_open(&input, "/input/acme.csv");
 *         while (vc_next_line(&input)) …
 *     }
 *
 * A failure names the file, whose it is, and the line, and never what stands there. It ends the
 * program: printed on standard error, written to /report/<owner> where the policy has that, and with
 * the exit code of its kind. */
#ifndef VERACRUZ_H
#define VERACRUZ_H

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Why a program ends, as its exit code. */
enum vc_exit {
    VC_OK = 0,
    VC_INPUT = 1,   /* a party's file is not what it should be */
    VC_USAGE = 2,   /* the program was called in a way that it does not understand */
    VC_OUTPUT = 3,  /* an output could not be written */
    VC_WITHHELD = 4 /* there is no answer that may be given: too few rows, say */
};

#define VC_PATH_MAX 4096

/* A party's file, open for reading. */
struct vc_input {
    char path[VC_PATH_MAX];
    FILE *file;
    uint64_t line_number; /* of the line that was read last, counted from 1 */
    char *line;           /* that line, without its end */
    size_t capacity;
};

#if defined(__GNUC__) || defined(__clang__)
#define VC_PRINTF(text, first) __attribute__((format(printf, text, first), noreturn, unused))
#define VC_UNUSED __attribute__((unused))
#else
#define VC_PRINTF(text, first)
#define VC_UNUSED
#endif

/* Ends the program with a message that is about no file. */
VC_PRINTF(2, 3) static void vc_fail(enum vc_exit code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(code);
}

/* Whose file it is: its name without folder and extensions. `/input/acme.csv` is acme's. */
VC_UNUSED static void vc_owner(const char *path, char *owner, size_t size) {
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    size_t length = strcspn(name, ".");
    if (length >= size) length = size - 1;
    memcpy(owner, name, length);
    owner[length] = 0;
}

/* Ends the program because of a party's file, in the line that was read last (none before the first).
 * The message must hold no value of the file. */
VC_PRINTF(2, 3) static void vc_fail_input(const struct vc_input *input, const char *format, ...) {
    char reason[512], message[VC_PATH_MAX + 600], owner[256], report[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    if (input->line_number)
        snprintf(message, sizeof message, "%s, line %llu: %s\n", input->path,
                 (unsigned long long)input->line_number, reason);
    else
        snprintf(message, sizeof message, "%s: %s\n", input->path, reason);
    fputs(message, stderr);
    vc_owner(input->path, owner, sizeof owner);
    snprintf(report, sizeof report, "/report/%s", owner);
    /* There may be no such folder, or no right to write in it: then nobody is told. */
    FILE *file = fopen(report, "w");
    if (file) {
        fputs(message, file);
        fclose(file);
    }
    exit(VC_INPUT);
}

/* Opens a party's file. */
VC_UNUSED static void vc_open(struct vc_input *input, const char *path) {
    memset(input, 0, sizeof *input);
    snprintf(input->path, sizeof input->path, "%s", path);
    input->file = fopen(path, "rb");
    if (!input->file) vc_fail_input(input, "is not there, or may not be read");
}

/* Reads the next line into `input->line`, without its end, and returns 1; or 0 at the end. */
VC_UNUSED static int vc_next_line(struct vc_input *input) {
    ssize_t length = getline(&input->line, &input->capacity, input->file);
    if (length < 0) {
        if (ferror(input->file)) vc_fail_input(input, "could not be read");
        return 0;
    }
    input->line_number++;
    if (strlen(input->line) != (size_t)length) vc_fail_input(input, "has a zero byte");
    if (length > 0 && input->line[length - 1] == '\n') input->line[--length] = 0;
    if (length > 0 && input->line[length - 1] == '\r') input->line[--length] = 0;
    return 1;
}

/* Frees what reading took. */
VC_UNUSED static void vc_close(struct vc_input *input) {
    free(input->line);
    fclose(input->file);
    memset(input, 0, sizeof *input);
}

/* A whole number, or a failure that names what it should have been. */
VC_UNUSED static int64_t vc_integer(const struct vc_input *input, const char *text, const char *name) {
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    /* strtoll also takes spaces before the number. */
    if (errno || end == text || *end || !strchr("+-0123456789", *text))
        vc_fail_input(input, "`%s` should be a whole number", name);
    return value;
}

static int vc_by_name(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The paths of all files in a folder, sorted; one a party, so that a program need not know how many
 * there are. Both are freed by whoever called. */
VC_UNUSED static char **vc_all_in(const char *folder, size_t *count) {
    DIR *directory = opendir(folder);
    char **paths = NULL;
    size_t capacity = 0;
    *count = 0;
    if (directory) {
        struct dirent *entry;
        while ((entry = readdir(directory))) {
            char path[VC_PATH_MAX];
            struct stat status;
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            if (stat(path, &status) || !S_ISREG(status.st_mode)) continue;
            if (*count == capacity) {
                capacity = capacity ? 2 * capacity : 16;
                paths = (char **)realloc(paths, capacity * sizeof *paths);
                if (!paths) vc_fail(VC_USAGE, "there is no memory left");
            }
            char *copy = (char *)malloc(strlen(path) + 1);
            if (!copy) vc_fail(VC_USAGE, "there is no memory left");
            paths[(*count)++] = strcpy(copy, path);
        }
        closedir(directory);
    }
    if (!*count) vc_fail(VC_USAGE, "%s: there are no files to read", folder);
    qsort(paths, *count, sizeof *paths, vc_by_name);
    return paths;
}

/* Makes an output, or empties it. */
VC_UNUSED static FILE *vc_create(const char *path) {
    FILE *file = fopen(path, "wb");
    if (!file) vc_fail(VC_OUTPUT, "%s: could not be written", path);
    return file;
}

/* Writes what is left in memory. What is not finished may be incomplete. */
VC_UNUSED static void vc_finish(FILE *file, const char *path) {
    int failed = ferror(file);
    if (fclose(file) || failed) vc_fail(VC_OUTPUT, "%s: could not be written", path);
}

#ifdef __cplusplus
}
#endif
#endif
