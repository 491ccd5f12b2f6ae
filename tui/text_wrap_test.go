package tui

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestWrap breaks random texts: nothing is lost, and no line is too wide that has
// more than one word.
func TestWrap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-zé→]{0,12} {0,2}){0,20}`).Draw(t, "text")
		width := rapid.IntRange(1, 40).Draw(t, "width")
		used := rapid.IntRange(0, 40).Draw(t, "used")
		lines := Wrap(text, width, used)
		if len(lines) == 0 || !slices.Equal(strings.Fields(strings.Join(lines, " ")), strings.Fields(text)) {
			t.Fatalf("%q became %q", text, lines)
		}
		for i, line := range lines {
			if i > 0 {
				used = 0
			}
			if strings.Contains(line, " ") && columns(line)+used > width {
				t.Fatalf("line %d of %q is wider than %d", i, lines, width)
			}
		}
	})
}

// TestWrapChinese does likewise with characters of two columns, between which a line
// may end, but not before a full stop.
func TestWrapChinese(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-zA-Z]{1,4}|（?[一-龥]，?）?| ?){0,40}`).Draw(t, "text")
		width := rapid.IntRange(14, 40).Draw(t, "width")
		lines := Wrap(text, width, 0)
		without := func(text string) string { return strings.ReplaceAll(text, " ", "") }
		if without(strings.Join(lines, "")) != without(text) {
			t.Fatalf("%q became %q", text, lines)
		}
		for i, line := range lines {
			if i > 0 && strings.HasPrefix(line, "，") || strings.HasSuffix(line, "（") {
				t.Fatalf("a line of %q begins or ends with the wrong sign", lines)
			}
			if strings.ContainsFunc(line, wide) && len(pieces(without(line))) > 1 && columns(line) > width {
				t.Fatalf("line %d of %q is wider than %d", i, lines, width)
			}
		}
	})
	if got, want := folded("» N1 和 N2 各存一份 V。", 12), []string{"» N1 和 N2", "各存一份 V。"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}
