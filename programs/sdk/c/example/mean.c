/* How much do we earn on average? Every file in /input/ is one party's: a number a line. The mean goes
 * to everyone, no number to anyone, and with fewer than three parties there is no answer: of two, each
 * could compute the other's. */
#include <inttypes.h>
#include <veracruz.h>

#define FEWEST 3

int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1) vc_fail(VC_USAGE, "expected no arguments");

    size_t parties;
    char **paths = vc_all_in("/input", &parties);
    int64_t sum = 0, count = 0;
    for (size_t i = 0; i < parties; i++) {
        struct vc_input input;
        vc_open(&input, paths[i]);
        int64_t before = count;
        while (vc_next_line(&input)) {
            if (!*input.line) continue;
            int64_t salary = vc_integer(&input, input.line, "salary");
            if (salary < 0) vc_fail_input(&input, "`salary` should be 0 or more");
            if (__builtin_add_overflow(sum, salary, &sum)) vc_fail_input(&input, "the sum does not fit 63 bits");
            count++;
        }
        if (count == before) vc_fail_input(&input, "there is no number in it");
        vc_close(&input);
        free(paths[i]);
    }
    free(paths);
    if (parties < FEWEST) vc_fail(VC_WITHHELD, "no answer, because fewer than %d parties take part", FEWEST);

    const char *path = "/output/mean.json";
    FILE *output = vc_create(path);
    fprintf(output, "{ \"numbers\": %" PRId64 ", \"mean\": %.6f }\n", count, (double)sum / (double)count);
    vc_finish(output, path);
    return VC_OK;
}
