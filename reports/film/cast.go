package film

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// The measures of a recording: the size of the terminal, and the longest pause
// that is kept between two frames.
const (
	castColumns = 100
	castRows    = 30
	castPause   = 1.5 // seconds
	castFrame   = 0.05
)

// Asciicast writes a recording for asciinema (asciicast v2): a line an event, with
// the pauses of virtual time, the long ones shortened.
func (f *Film) Asciicast(w io.Writer) error {
	header := struct {
		Version int    `json:"version"`
		Width   int    `json:"width"`
		Height  int    `json:"height"`
		Title   string `json:"title"`
	}{2, castColumns, castRows, f.Scenario + ", " + f.Run + ": " + f.Title}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(header); err != nil {
		return err
	}
	at, before := 0.0, time.Duration(0)
	write := func(text string) error {
		return encoder.Encode([]any{json.Number(fmt.Sprintf("%.3f", at)), "o", text})
	}
	if err := write(fmt.Sprintf("\x1b[1m%s, %s, %s\x1b[0m\r\n%s\r\n\r\n", f.Scenario, f.Run, f.From(), f.Title)); err != nil {
		return err
	}
	told := 0
	for i := range f.Frames {
		frame := &f.Frames[i]
		at += min(max((frame.At-before).Seconds(), castFrame), castPause)
		before = frame.At
		for ; told < len(f.Story) && f.Story[told].At <= frame.At; told++ {
			if line := f.Story[told]; line.Kind == "say" || line.Kind == "ask" {
				if err := write(fmt.Sprintf("\x1b[3m    %s\x1b[0m\r\n", line.Text)); err != nil {
					return err
				}
			}
		}
		if err := write(castLine(f, frame)); err != nil {
			return err
		}
	}
	for _, v := range f.Verdicts {
		at += castFrame
		if err := write(fmt.Sprintf("%s %s: %s %s\r\n", map[string]string{"holds": "✓", "violated": "✗"}[v.Verdict], v.Property, v.Verdict, v.Witness)); err != nil {
			return err
		}
	}
	return nil
}

// castLine shows a frame in one line of the terminal, and its effects behind it.
func castLine(f *Film, frame *Frame) string {
	colour := "0"
	switch {
	case frame.Fault:
		colour = "1;33"
	case frame.Client != nil:
		colour = "35"
	case frame.Received != 0:
		colour = "36"
	}
	text := fmt.Sprintf("%10s %5d  %s", seconds(frame.At), frame.Step, frame.Text)
	if len(frame.Sent) > 0 {
		var to []string
		for _, m := range frame.Sent {
			to = append(to, m.Name+"→"+name(f.Nodes, m.To))
		}
		text += "  ▸ " + strings.Join(to, " ")
	}
	return fmt.Sprintf("\x1b[%sm%s\x1b[0m\r\n", colour, clip(text, castColumns-1))
}
