package film

import (
	"fmt"
	"io"
	"slices"
)

// Format is a form in which a trace travels.
type Format struct {
	Name      string // html, svg, shiviz or asciicast
	Title     string // for people
	Extension string // of its files, with the dot
	write     func(f *Film, w io.Writer, at uint64) error
}

// Formats returns all.
func Formats() []Format {
	return []Format{
		{"html", "page that replays it in a browser", ".html", (*Film).Page},
		{"svg", "space-time diagram", ".svg", func(f *Film, w io.Writer, _ uint64) error { return f.Diagram(w, false) }},
		{"shiviz", "log for ShiViz", ".shiviz.log", func(f *Film, w io.Writer, _ uint64) error { return f.ShiViz(w) }},
		{"asciicast", "recording for asciinema", ".cast", func(f *Film, w io.Writer, _ uint64) error { return f.Asciicast(w) }},
	}
}

// FormatNames returns their names.
func FormatNames() []string {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return names
}

// FormatNamed returns the format of a name; ok is false if there is none.
func FormatNamed(name string) (format Format, ok bool) {
	all := Formats()
	at := slices.IndexFunc(all, func(f Format) bool { return f.Name == name })
	if at < 0 {
		return Format{}, false
	}
	return all[at], true
}

// FramesMost is how many steps a film has if nothing else is asked for: more than
// a browser shows at ease.
const FramesMost = 1500

// Cut says what of a trace is wanted.
type Cut struct {
	Section int // the number of the run, from 0
	// From and To are the first and last step, 0: FramesMost steps, around At or
	// from the first.
	From, To uint64
	At       uint64 // the step at which a page opens
}

// bounds returns the first and last step that is kept.
func (c Cut) bounds() (from, to uint64) {
	from, to = max(c.From, 1), c.To
	if c.From == 0 && c.At > FramesMost*3/4 {
		from = c.At - FramesMost*3/4
	}
	if to == 0 {
		to = from + FramesMost - 1
	}
	return from, to
}

// Keep tells whether a step is wanted.
func (c Cut) Keep(step uint64) bool {
	from, to := c.bounds()
	return step >= from && step <= to
}

// Check returns an error if no run has what is wanted.
func (c Cut) Check() error {
	if from, to := c.bounds(); from > to {
		return fmt.Errorf("step %d is after step %d", from, to)
	}
	return nil
}

// Write writes a film, of which a cut was kept, in the format.
func (f Format) Write(film *Film, cut Cut, w io.Writer) error {
	if from, to := cut.bounds(); len(film.Frames) == 0 {
		return fmt.Errorf("the run has %d steps, none from %d to %d", film.Steps, from, to)
	}
	return f.write(film, w, cut.At)
}
