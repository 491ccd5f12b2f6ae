package film

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"
)

// ShivizPattern is the regular expression with which ShiViz reads what ShiViz
// writes: it is the one that ShiViz proposes.
const ShivizPattern = `(?<host>\S*) (?<clock>{.*})\n(?<event>.*)`

// ShiViz writes a log for ShiViz (Beschastnikh et al., "Debugging Distributed
// Systems", CACM 2016): two lines an event, the first with the host and its vector
// clock, the second with what happened. Clients are hosts too.
func (f *Film) ShiViz(w io.Writer) error {
	clocks, sent := map[string]map[string]int{}, map[uint64]map[string]int{}
	asked, answered := map[int]map[string]int{}, map[int]map[string]int{}
	var b strings.Builder
	event := func(host, text string, from map[string]int) map[string]int {
		clock := clocks[host]
		if clock == nil {
			clock = map[string]int{}
		}
		for who, n := range from {
			clock[who] = max(clock[who], n)
		}
		clock[host]++
		clocks[host] = clock
		line, _ := json.Marshal(clock) // a map of numbers always marshals, keys in order
		fmt.Fprintf(&b, "%s %s\n%s\n", host, line, strings.ReplaceAll(text, "\n", " "))
		return maps.Clone(clock)
	}
	for i := range f.Frames {
		frame := &f.Frames[i]
		at := fmt.Sprintf(" [%s]", seconds(frame.At))
		if c := frame.Client; c != nil && c.Does != "return" {
			asked[c.ID] = event(host(f.Clients, c.ID), c.Text+at, nil)
		}
		if frame.Node != 0 {
			var from map[string]int
			switch {
			case frame.Received != 0:
				from = sent[frame.Received]
			case strings.Contains(frame.Text, " is asked by "):
				from = asked[f.askedBy(frame)]
			}
			clock := event(host(f.Nodes, frame.Node), f.line(frame)+at, from)
			for _, m := range frame.Sent {
				sent[m.ID] = clock
			}
			answered[frame.Node] = clock
		}
		if c := frame.Client; c != nil && c.Does == "return" {
			var from map[string]int
			if c.Outcome == "ok" {
				from = answered[c.Node]
			}
			event(host(f.Clients, c.ID), c.Text+at, from)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// host is a name without spaces.
func host(names []string, i int) string { return strings.ReplaceAll(name(names, i), " ", "_") }

// askedBy returns the client whose request a node handles.
func (f *Film) askedBy(frame *Frame) int {
	_, rest, _ := strings.Cut(frame.Text, " is asked by ")
	who, _, _ := strings.Cut(rest, ":")
	for i, client := range f.Clients {
		if client == who {
			return i + 1
		}
	}
	return 0
}

// line says in one line what a frame shows, milestones included.
func (f *Film) line(frame *Frame) string {
	text := frame.Text
	for _, effect := range frame.Effects {
		text += "; " + effect
	}
	return text
}
