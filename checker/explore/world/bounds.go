package world

import (
	"fmt"
	"strings"

	"quorumlab/protocols"
)

// Bounds says in words what of the world's runs is explored, a bound a line.
func (m *Model) Bounds() []string {
	b, l := &m.config.Budgets, &m.config.Limits
	streams := m.config.Protocol.Links == protocols.Stream
	commands := 0
	for _, c := range m.config.Clients {
		commands = max(commands, len(c.Commands))
	}
	bounds := []string{fmt.Sprintf("%s; %s, each with up to %s",
		counted(m.nodes, "node"), counted(len(m.config.Clients), "client"), counted(commands, "command"))}
	add := func(n int, what, each string) {
		if n > 0 {
			bounds = append(bounds, "up to "+counted(n, what)+each)
		}
	}
	restarts := "a restart at any time"
	if l.Deathly {
		restarts = "and no restart"
	}
	add(b.Crashes, "crash", ", of which any beginning of what was not forced is kept; "+restarts)
	if streams {
		add(b.Breaks, "break", " of a stream: a message is lost, any, with all behind it in its direction (no stream loses one alone)")
	}
	add(b.Drops, "datagram", " lost, any")
	add(b.Duplicates, "datagram", " doubled, any")
	add(b.Cuts, "cut", " that keep one node from all others until they heal, at any time")
	add(b.Timers, "timer", " that run out at any time")
	if m.config.AtLast {
		turns := ""
		if m.config.Turns {
			turns = ", and the nodes' clocks tick in turn"
		}
		bounds = append(bounds, "timers that run out, as often as they like, when nothing else can happen but a fault or a restart"+turns)
		if m.serving {
			bounds = append(bounds, "clients ask until they are answered; what comes after that is not explored")
		}
	} else {
		add(b.Idle, "timer", " that run out when nothing else can happen but a fault or a restart")
	}
	add(b.Expirations, "time", " that a client waits no longer")
	if streams {
		bounds = append(bounds, "streams deliver in order")
	} else {
		bounds = append(bounds, "datagrams arrive in any order")
	}
	switch l.Start {
	case FromBoot:
		bounds = append(bounds, "every order of booting")
	case FromRest:
		bounds = append(bounds, "one order of booting")
	case FromLeader:
		bounds = append(bounds, "one order of booting and of the first election")
	}
	if len(l.Before) > 0 {
		bounds = append(bounds, "then "+strings.Join(l.Before, ", "))
	}
	if m.prologue != nil {
		bounds = append(bounds, "what is explored begins after these "+counted(len(m.prologue.Steps), "step"))
	}
	if l.PromptDisks {
		bounds = append(bounds, "a node is given nothing while its disk is at work")
	}
	if l.PromptHints {
		bounds = append(bounds, "what only hints (votes of elections) arrives at once, in one order")
	}
	return bounds
}

// counted counts things in words.
func counted(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "sh"):
		what += "e"
	}
	return fmt.Sprintf("%d %ss", n, what)
}
