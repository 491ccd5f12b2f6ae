package language

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"quorumlab/protocols/hint"
)

// Problem is one thing that is wrong with a scenario, for the person who
// wrote it.
type Problem struct {
	File         string // the name given to Parse, or the `--set` concerned
	Line, Column int    // from 1; the column counts characters
	Found        string
	Expected     string
	Hint         string // "" if there is none
	// Excerpt is the line of the source and a caret below the place.
	Excerpt string
}

// Error tells the problem in two to four lines.
func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: found %s, expected %s", p.File, p.Line, p.Column, p.Found, p.Expected)
	if p.Excerpt != "" {
		b.WriteString("\n" + p.Excerpt)
	}
	if p.Hint != "" {
		b.WriteString("\n  hint: " + p.Hint)
	}
	return b.String()
}

// problemsMax is how many problems Problems shows.
const problemsMax = 10

// Problems is the error of Parse and Load: what is wrong (of very much not
// all), in the order of the file, never empty.
type Problems []*Problem

// Error lists the first problems.
func (ps Problems) Error() string {
	parts := make([]string, 0, problemsMax+1)
	for i, p := range ps {
		if i == problemsMax {
			parts = append(parts, fmt.Sprintf("and %d more", len(ps)-problemsMax))
			break
		}
		parts = append(parts, p.Error())
	}
	return strings.Join(parts, "\n")
}

// Unwrap lets errors.As find a Problem.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

// source is a text that places point into.
type source struct {
	name  string
	lines []string
}

func newSource(name, text string) *source {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	return &source{name: name, lines: lines}
}

// place is a position in a source; the zero place is nowhere, and marks what
// the document does not contain.
type place struct {
	source       *source
	line, column int
}

func (p place) known() bool { return p.source != nil }

// problem makes a Problem at the place.
func (p place) problem(found, expected, hint string) *Problem {
	return &Problem{
		File: p.source.name, Line: p.line, Column: p.column,
		Found: found, Expected: expected, Hint: hint, Excerpt: p.excerpt(),
	}
}

// excerptWidth is how many characters of a line an excerpt shows.
const excerptWidth = 96

// excerpt shows the line of the place and a caret below the column.
func (p place) excerpt() string {
	if p.line < 1 || p.line > len(p.source.lines) {
		return ""
	}
	line := []rune(strings.ToValidUTF8(p.source.lines[p.line-1], string(utf8.RuneError)))
	column := min(max(p.column, 1), len(line)+1) - 1
	first := max(0, min(column-excerptWidth/2, len(line)-excerptWidth))
	last := min(len(line), first+excerptWidth)
	shown := strings.Map(printable, string(line[first:last]))
	number := fmt.Sprintf("%5d", p.line)
	return fmt.Sprintf("%s | %s\n%5s | %s^", number, shown, "", strings.Repeat(" ", column-first))
}

// printable keeps what is shown from moving the cursor.
func printable(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case r < ' ' || (r >= 0x7f && r < 0xa0):
		return utf8.RuneError
	}
	return r
}

// quote puts a found text into a message, shortened.
func quote(text string) string {
	const longest = 40
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return fmt.Sprintf("%q", text)
}

// list joins names for a message.
func list(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// nearest returns a hint that names the known name which is most like the
// given one; "" if none is.
func nearest(name string, known []string) string {
	best := hint.Nearest(name, known)
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}
