package film

import (
	"fmt"
	"time"
)

// Film is what one run showed.
type Film struct {
	Scenario string `json:"scenario"`
	Run      string `json:"run"`
	Title    string `json:"title"`
	Seed     uint64 `json:"seed"`
	Mutant   string `json:"mutant,omitempty"`
	// Origin says where the run is from, if it is none of a seed.
	Origin  string   `json:"origin,omitempty"`
	Nodes   []string `json:"nodes"`   // node i+1 is Nodes[i]
	Clients []string `json:"clients"` // likewise
	// Whole: there is one state, of all nodes together: that of the first.
	Whole  bool    `json:"whole,omitempty"`
	Frames []Frame `json:"frames"`
	// Steps is how many there were, kept or not.
	Steps    uint64    `json:"steps"`
	Verdicts []Verdict `json:"verdicts"`
	Story    []Line    `json:"story"`
}

// Verdict is what was found of a property.
type Verdict struct {
	Property string `json:"property"`
	Verdict  string `json:"verdict"`
	Witness  string `json:"witness,omitempty"`
	Step     uint64 `json:"step,omitempty"`
}

// Line is a line of the story.
type Line struct {
	At     time.Duration `json:"at"`
	Kind   string        `json:"kind"`
	Text   string        `json:"text"`
	Answer string        `json:"answer,omitempty"`
}

// Frame is one step.
type Frame struct {
	Step uint64        `json:"n"`
	At   time.Duration `json:"t"` // virtual
	// Kind is that of the choice that was made, or of the fault that struck.
	Kind string `json:"kind"`
	// Text says in a line what happened.
	Text string `json:"text"`
	// Node is the one that handled something, or that went down; 0: none.
	Node int `json:"node,omitempty"`
	// Fault: it is one, or the end of one.
	Fault bool `json:"fault,omitempty"`
	// Down: the node went down.
	Down bool `json:"down,omitempty"`
	// Received is the number of the message that was delivered, 0: none.
	Received uint64 `json:"received,omitempty"`
	// From is the node that a message came from of which no more is known.
	From int       `json:"from,omitempty"`
	Sent []Message `json:"sent,omitempty"`
	// Gone are the numbers of messages that are under way no more and were not
	// delivered.
	Gone []uint64 `json:"gone,omitempty"`
	// Effects tells what the node wanted beside messages, a line each.
	Effects []string `json:"effects,omitempty"`
	Client  *Client  `json:"client,omitempty"`
	// Changes of the state of Node, by the path of the place.
	Changes []Change `json:"changes,omitempty"`
}

// Message is one that was sent.
type Message struct {
	ID   uint64 `json:"id"`
	From int    `json:"from"`
	To   int    `json:"to"`
	Name string `json:"name"` // its type
	Text string `json:"text"` // with what is in it
}

// Client is what a client did.
type Client struct {
	ID        int    `json:"id"`
	Node      int    `json:"node"`
	Operation int    `json:"operation"`
	Does      string `json:"does"` // invoke, return or retry
	Text      string `json:"text"`
	Outcome   string `json:"outcome,omitempty"`
}

// Change is one place of a node's state; After is nil if it is no more.
type Change struct {
	Path  string  `json:"p"`
	After *string `json:"v"`
}

// name returns the i'th of names, from 1.
func name(names []string, i int) string {
	if i < 1 || i > len(names) {
		return "?"
	}
	return names[i-1]
}

// clip shortens what would fill a screen.
func clip(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// From says where the run is from.
func (f *Film) From() string {
	if f.Origin != "" {
		return f.Origin
	}
	return fmt.Sprintf("seed %d", f.Seed)
}
