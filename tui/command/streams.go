package command

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// streams is where a command reads and writes, and how it may decorate it.
type streams struct {
	in       io.Reader
	out, err io.Writer
	// paint colours what goes to out, errPaint what goes to err.
	paint, errPaint paint
	// live: err is a terminal, on which a line can be written over.
	live bool
	// screen: in and out are a terminal, to draw on and to type at.
	screen bool
}

// processStreams returns those of the process.
func processStreams() streams {
	return streams{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		paint:    paint{wantsColour(os.Stdout, os.Getenv)},
		errPaint: paint{wantsColour(os.Stderr, os.Getenv)},
		live:     isTerminal(os.Stderr),
		screen:   isTerminal(os.Stdin) && isTerminal(os.Stdout),
	}
}

// hint writes a line for the person, not the result.
func (s streams) hint(format string, args ...any) {
	fmt.Fprintf(s.err, format+"\n", args...)
}

// json writes a result as one object.
func (s streams) json(result any) error {
	encoder := json.NewEncoder(s.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return internal(encoder.Encode(result))
}

// jsonLine writes one of many results as a line.
func (s streams) jsonLine(result any) error {
	encoder := json.NewEncoder(s.out)
	encoder.SetEscapeHTML(false)
	return internal(encoder.Encode(result))
}

// isTerminal reports whether a file is a terminal: a character device other
// than the null device.
func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// wantsColour decides on colour: NO_COLOR wins (no-color.org), then
// CLICOLOR_FORCE asks for it (bixense.com/clicolors), then it is for terminals
// that are not dumb.
func wantsColour(file *os.File, getenv func(string) string) bool {
	switch {
	case getenv("NO_COLOR") != "":
		return false
	case getenv("CLICOLOR_FORCE") != "" && getenv("CLICOLOR_FORCE") != "0":
		return true
	}
	return getenv("TERM") != "dumb" && isTerminal(file)
}

// paint colours words, if it is on. The colours are told apart by people who
// do not see red and green apart, and no meaning rests on them.
type paint struct{ on bool }

func (p paint) code(code, text string) string {
	if !p.on {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p paint) strong(text string) string   { return p.code("1", text) }
func (p paint) faint(text string) string    { return p.code("2", text) }
func (p paint) holds(text string) string    { return p.code("36", text) }   // cyan
func (p paint) violated(text string) string { return p.code("1;33", text) } // bold yellow
func (p paint) unknown(text string) string  { return p.code("35", text) }   // magenta
