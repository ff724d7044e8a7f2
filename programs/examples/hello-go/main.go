// On how many days was it warmer in Seattle than in New York? Reads both cities' files, writes two
// numbers, and says nothing else of either. An ordinary program: files, and nothing of Veracruz.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

type summary struct {
	Days          int `json:"days"`
	SeattleWarmer int `json:"seattle_warmer"`
}

func main() {
	if err := compare(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func compare() error {
	seattle, err := temperatures("/input/seattle.csv")
	if err != nil {
		return err
	}
	newYork, err := temperatures("/input/new_york.csv")
	if err != nil {
		return err
	}
	var result summary
	for day, here := range seattle {
		if there, both := newYork[day]; both {
			result.Days++
			if here > there {
				result.SeattleWarmer++
			}
		}
	}
	text, err := json.Marshal(result)
	if err != nil {
		return err
	}
	return os.WriteFile("/output/summary.json", append(text, '\n'), 0o644)
}

// temperatures reads lines `date,temperature` below a heading.
func temperatures(path string) (map[string]float64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	byDay := make(map[string]float64)
	lines := bufio.NewScanner(file)
	for number := 1; lines.Scan(); number++ {
		if number == 1 {
			continue
		}
		day, text, found := strings.Cut(lines.Text(), ",")
		temperature, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if !found || err != nil || math.IsNaN(temperature) || math.IsInf(temperature, 0) {
			return nil, fmt.Errorf("%s, line %d: expected DATE,TEMPERATURE", path, number)
		}
		byDay[day] = temperature
	}
	return byDay, lines.Err()
}
