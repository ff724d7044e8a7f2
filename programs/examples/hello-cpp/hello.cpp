// On how many days was it warmer in Seattle than in New York? Reads both cities' files, writes two
// numbers, and says nothing else of either. An ordinary program: files, and nothing of Veracruz.

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>

// WebAssembly has no exceptions here: whatever is wrong ends the program, with a reason.
[[noreturn]] static void fail(const std::string &what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::exit(EXIT_FAILURE);
}

// The C++ library for WASI has no file streams; C's are there.
using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

static File open(const std::string &path, const char *mode) {
    File file(std::fopen(path.c_str(), mode), &std::fclose);
    if (!file) {
        fail(path + ": " + std::strerror(errno));
    }
    return file;
}

static bool get_line(std::FILE *file, std::string &line) {
    line.clear();
    int byte;
    while ((byte = std::getc(file)) != EOF && byte != '\n') {
        line += static_cast<char>(byte);
    }
    return byte != EOF || !line.empty();
}

// Day by day, from lines `date,temperature` below a heading.
static std::unordered_map<std::string, double> temperatures(const std::string &path) {
    const File file = open(path, "r");
    std::unordered_map<std::string, double> by_day;
    std::string line;
    for (std::size_t number = 1; get_line(file.get(), line); number++) {
        if (number == 1) {
            continue;
        }
        const auto comma = line.find(',');
        const char *text = comma == std::string::npos ? "" : line.c_str() + comma + 1;
        char *end;
        const double temperature = std::strtod(text, &end);
        if (end == text || !std::isfinite(temperature) ||
            std::string(end).find_first_not_of(" \r") != std::string::npos) {
            fail(path + ", line " + std::to_string(number) + ": expected DATE,TEMPERATURE");
        }
        by_day[line.substr(0, comma)] = temperature;
    }
    return by_day;
}

int main() {
    const auto seattle = temperatures("/input/seattle.csv");
    const auto new_york = temperatures("/input/new_york.csv");
    std::size_t days = 0, warmer = 0;
    for (const auto &[day, here] : seattle) {
        const auto there = new_york.find(day);
        if (there != new_york.end()) {
            days++;
            warmer += here > there->second;
        }
    }
    File output = open("/output/summary.json", "w");
    std::fprintf(output.get(), "{\"days\": %zu, \"seattle_warmer\": %zu}\n", days, warmer);
    if (std::fclose(output.release()) != 0) {
        fail("/output/summary.json: cannot be written");
    }
}
