package hint

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Nearest returns the known name that is most like the given one, "" if none is
// like it: one letter may be wrong, of longer names every third.
func Nearest(name string, known []string) string {
	best, least := "", 1+max(1, utf8.RuneCountInString(name)/3)
	for _, candidate := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(candidate)); d < least {
			best, least = candidate, d
		}
	}
	for _, candidate := range known {
		if best == "" && len(name) > 2 && strings.Contains(candidate, name) {
			best = candidate
		}
	}
	return best
}

// For ends the message that there is nothing of a name: with the nearest name
// that there is, or with all of them.
func For(name string, known []string) string {
	if nearest := Nearest(name, known); nearest != "" {
		return fmt.Sprintf("did you mean %q?", nearest)
	}
	if len(known) == 0 {
		return "there are none"
	}
	return "there are: " + strings.Join(known, ", ")
}

// distance is the edit distance of two short texts, in which two letters
// swapped count as one edit (optimal string alignment); of long texts only a
// lower bound.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	const longest = 64
	if len(x) > longest || len(y) > longest {
		return max(len(x)-len(y), len(y)-len(x), 1+longest)
	}
	var rows [longest + 1][longest + 1]int // [i][j]: of x[:i] and y[:j]
	for i := range len(x) + 1 {
		for j := range len(y) + 1 {
			switch {
			case i == 0 || j == 0:
				rows[i][j] = i + j
			case x[i-1] == y[j-1]:
				rows[i][j] = rows[i-1][j-1]
			default:
				rows[i][j] = 1 + min(rows[i-1][j-1], rows[i-1][j], rows[i][j-1])
			}
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
