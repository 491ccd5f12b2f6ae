package command

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"quorumlab/sim/trace"
)

// stepPrinter prints the steps of a trace, a line each. The trace has been
// replayed before, so what it holds is known to be sound.
type stepPrinter struct {
	lines *bufio.Reader
	story storyPrinter
}

func newStepPrinter(r io.Reader, story storyPrinter) *stepPrinter {
	return &stepPrinter{lines: bufio.NewReaderSize(r, 1<<16), story: story}
}

// stepLine is the part of a step's record that is shown by itself. What is
// specific to a protocol is shown as it stands.
type stepLine struct {
	Number  uint64                       `json:"n"`
	Time    time.Duration                `json:"t"`
	Do      map[string]uint64            `json:"do"`
	Fault   json.RawMessage              `json:"fault"`
	Node    int                          `json:"node"`
	Event   map[string]json.RawMessage   `json:"event"`
	Effects []map[string]json.RawMessage `json:"effects"`
	Client  *clientLine                  `json:"client"`
	End     json.RawMessage              `json:"end"`
}

type clientLine struct {
	ID      int             `json:"id"`
	Asks    int             `json:"asks"`
	Does    string          `json:"does"`
	Command json.RawMessage `json:"command"`
	Outcome string          `json:"outcome"`
	Result  json.RawMessage `json:"result"`
	Reason  string          `json:"reason"`
}

// section prints the steps of the next section.
func (p *stepPrinter) section() error {
	var header trace.Header
	if err := p.next(&header); err != nil {
		return err
	}
	for {
		var line stepLine
		if err := p.next(&line); err != nil {
			return err
		}
		if line.End != nil {
			return nil
		}
		if line.Number != 0 {
			text := fmt.Sprintf("%d %s", line.Number, line.inWords(&header))
			p.story.lines(line.Time, "step", []string{text})
		}
	}
}

func (p *stepPrinter) next(into any) error {
	line, err := p.lines.ReadBytes('\n')
	if err != nil {
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF // it changed since it was replayed
		}
		return err
	}
	return json.Unmarshal(line, into)
}

// inWords says what a step did.
func (s *stepLine) inWords(header *trace.Header) string {
	words := []string{s.cause(header)}
	if s.Node != 0 {
		if event := payload(s.Event, "message", "command", "recovered"); event != "" {
			words = append(words, event)
		}
	}
	for _, effect := range s.Effects {
		words = append(words, effectInWords(effect, header))
	}
	if s.Client != nil {
		words = append(words, s.Client.inWords(header))
	}
	return strings.Join(words, "; ")
}

// cause names the choice or fault, and who it concerns.
func (s *stepLine) cause(header *trace.Header) string {
	if s.Fault != nil {
		return "fault " + string(s.Fault)
	}
	kind := ""
	for name := range s.Do {
		switch name {
		case "node", "peer", "keep", "client":
		default:
			kind = name
		}
	}
	if node := s.Do["node"]; node != 0 {
		kind += " " + nameOf(header.Nodes, int(node))
	}
	if peer := s.Do["peer"]; peer != 0 {
		kind += "→" + nameOf(header.Nodes, int(peer))
	}
	if s.Node != 0 && s.Do["node"] == 0 {
		kind += " at " + nameOf(header.Nodes, s.Node)
	}
	if timer := s.Event["timer"]; timer != nil {
		kind += " " + string(timer)
	}
	return kind
}

// payload shows the first of some fields that is there.
func payload(fields map[string]json.RawMessage, names ...string) string {
	for _, name := range names {
		if value := fields[name]; value != nil {
			return clip(string(value))
		}
	}
	return ""
}

func effectInWords(effect map[string]json.RawMessage, header *trace.Header) string {
	number := func(name string) int {
		var n int
		_ = json.Unmarshal(effect[name], &n) // 0 if it is not there
		return n
	}
	switch {
	case effect["send"] != nil:
		return "sends " + nameOf(header.Nodes, number("send")) + " " + payload(effect, "message")
	case effect["set"] != nil:
		return "sets " + string(effect["set"])
	case effect["cancel"] != nil:
		return "cancels " + string(effect["cancel"])
	case effect["persist"] != nil:
		return fmt.Sprintf("persists %d %s", number("persist"), payload(effect, "writes"))
	case effect["reply"] != nil:
		return "replies " + nameOf(header.Clients, number("reply")) + " " + payload(effect, "result", "refusal")
	case effect["note"] != nil:
		return strings.TrimSpace("notes " + string(effect["note"]) + " " + payload(effect, "value", "text"))
	}
	return ""
}

func (c *clientLine) inWords(header *trace.Header) string {
	client, node := nameOf(header.Clients, c.ID), nameOf(header.Nodes, c.Asks)
	switch c.Does {
	case "invoke":
		return fmt.Sprintf("%s asks %s %s", client, node, clip(string(c.Command)))
	case "return":
		return strings.TrimSpace(fmt.Sprintf("%s has from %s: %s %s%s", client, node, c.Outcome, clip(string(c.Result)), c.Reason))
	}
	return fmt.Sprintf("%s now asks %s", client, node)
}

// nameOf returns the name of number i, from 1.
func nameOf(names []string, i int) string {
	if i < 1 || i > len(names) {
		return "?"
	}
	return names[i-1]
}

// clip shortens what would fill the screen.
func clip(text string) string {
	const most = 160
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
