package tui

import (
	"strings"
	"unicode"
)

// Wrap breaks a text into lines, at least one, at spaces and between Chinese characters,
// which take two columns each. Of the first line some columns are used already. A word
// that is wider than a line stays whole.
func Wrap(text string, width, used int) []string {
	var lines []string
	line, length := "", used
	for word := range strings.FieldsSeq(text) {
		for i, piece := range pieces(word) {
			size, space := columns(piece), ""
			if i == 0 && line != "" {
				space = " "
			}
			if line != "" && length+len(space)+size > width {
				lines = append(lines, line)
				line, length, space = "", 0, ""
			}
			line, length = line+space+piece, length+len(space)+size
		}
	}
	return append(lines, line)
}

// Signs that no line may begin or end with.
const (
	notFirst = "，。；：？！、）》」』”’%…)]},.;:?!"
	notLast  = "（《「『“‘([{"
)

// pieces cuts a word where a line may end in it: beside a Chinese character.
func pieces(word string) []string {
	var all []string
	last := rune(0)
	for _, r := range word {
		joined := last != 0 && !wide(last) && !wide(r) ||
			strings.ContainsRune(notFirst, r) || strings.ContainsRune(notLast, last)
		if joined && len(all) > 0 {
			all[len(all)-1] += string(r)
		} else {
			all = append(all, string(r))
		}
		last = r
	}
	return all
}

// wide reports whether a character is Chinese, or a sign of Chinese text.
func wide(r rune) bool {
	return unicode.Is(unicode.Han, r) || r >= '\u3000' && r <= '\u303f' || r >= '\uff00' && r <= '\uffef'
}
