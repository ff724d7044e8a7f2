// Reads and writes files as its first argument says, and nothing else.
//
//   read PASSES  reads /in from its start to its end in pieces of 4 KiB, so many times
//   make COUNT   makes so many files of 100 bytes in /out
//   again COUNT  makes them, and then opens, reads and closes each
//   list COUNT   makes them, and then reads the folder
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 4096, SMALL = 100 };

static char piece[PIECE];

static int read_passes(int passes) {
  int file = open("/in", O_RDONLY);
  if (file < 0) return 1;
  for (int pass = 0; pass < passes; pass++) {
    ssize_t got;
    if (lseek(file, 0, SEEK_SET) != 0) return 1;
    while ((got = read(file, piece, PIECE)) > 0)
      ;
    if (got < 0) return 1;
  }
  return close(file);
}

static const char *name(int number) {
  static char path[32];
  snprintf(path, sizeof path, "/out/%05d", number);
  return path;
}

static int make(int count) {
  for (int number = 0; number < count; number++) {
    int file = open(name(number), O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (file < 0 || write(file, piece, SMALL) != SMALL || close(file) != 0) return 1;
  }
  return 0;
}

static int again(int count) {
  for (int number = 0; number < count; number++) {
    int file = open(name(number), O_RDONLY);
    if (file < 0 || read(file, piece, PIECE) != SMALL || close(file) != 0) return 1;
  }
  return 0;
}

static int list(int count) {
  DIR *folder = opendir("/out");
  if (folder == NULL) return 1;
  int found = 0;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) found += entry->d_name[0] != '.';
  closedir(folder);
  return found != count;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  int number = atoi(arguments[2]);
  if (strcmp(arguments[1], "read") == 0) return read_passes(number);
  mkdir("/out", 0700);
  if (make(number) != 0) return 3;
  if (strcmp(arguments[1], "again") == 0) return again(number);
  if (strcmp(arguments[1], "list") == 0) return list(number);
  return 0;
}
