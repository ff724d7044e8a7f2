// A program of about 50 KB that does next to nothing: what it takes is what a start takes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int by_text(const void *one, const void *other) { return strcmp(one, other); }

// Never called: it is here for its size, which is what must be there to be started.
static void everything(char **arguments) {
  double number = strtod(arguments[1], NULL);
  char line[128];
  struct tm when;
  time_t now = atoll(arguments[2]);
  gmtime_r(&now, &when);
  strftime(line, sizeof line, arguments[3], &when);
  qsort(line, sizeof line / 4, 4, by_text);
  sscanf(arguments[4], "%lf %127s", &number, line);
  printf("%s %g\n", line, number);
}

int main(int count, char **arguments) {
  if (count > 4) everything(arguments);
  return 0;
}
