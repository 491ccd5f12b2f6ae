package story

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/hint"
	"quorumlab/protocols/machine"
)

// expect checks what must hold now.
func (p *player) expect(words []string) error {
	if len(words) == 0 {
		return errors.New("expect what?")
	}
	no := words[0] == "no"
	rest := words
	if words[0] == "no" {
		rest = words[1:]
	}
	if len(rest) < 2 {
		return errors.New("expect what? The documentation of package story lists the forms")
	}
	switch {
	case rest[0] == "note":
		return p.expectNote(no, rest[1:])
	case rest[0] == "timer":
		what, id, err := p.at(rest[1:])
		if err != nil {
			return err
		}
		if _, err := p.timer(what, id); (err == nil) == no {
			return unmet{fmt.Sprintf("it is not so: %v", err)}
		}
		return nil
	case slices.Contains(rest, "sent") || strings.Contains(strings.Join(rest, " "), "in flight"):
		return p.expectMessages(words)
	case p.clientNamed(rest[0]) != 0:
		return p.expectClient(p.clientNamed(rest[0]), rest[1:])
	case strings.Contains(rest[0], "."):
		return p.expectField(rest)
	}
	return p.expectNodes(rest)
}

// expectNote: PHRASE [at NODE] [once | N times].
func (p *player) expectNote(no bool, words []string) error {
	want := -1
	if last := len(words) - 1; words[last] == "once" {
		want, words = 1, words[:last]
	} else if words[last] == "times" && last > 1 {
		n, err := strconv.Atoi(words[last-1])
		if err != nil {
			return fmt.Errorf("%q is no number", words[last-1])
		}
		want, words = n, words[:last-1]
	}
	at := protocols.NodeID(0)
	if slices.Contains(words, "at") {
		var err error
		if words, at, err = p.at(words); err != nil {
			return err
		}
	}
	n := p.countNotes(0, strings.Join(words, " "), at)
	if no && n == 0 || !no && (n == want || n > 0 && want < 0) {
		return nil
	}
	var made []string
	for _, noted := range p.notes[max(0, len(p.notes)-8):] {
		made = append(made, p.name(noted.node)+" "+strings.TrimSpace(string(noted.note.Kind)+" "+noted.note.Text))
	}
	return unmet{fmt.Sprintf("noted %d times; the last notes are: %s", n, strings.Join(made, ", "))}
}

// expectMessages: N|no TYPE sent|in flight [LINKS], or nothing in flight.
func (p *player) expectMessages(words []string) error {
	if words[0] == "nothing" {
		if len(words) < 3 {
			return errors.New("write \"expect nothing in flight [LINKS]\"")
		}
		pairs, err := p.links(words[3:])
		if there := p.flying(pairs); err == nil && len(there) > 0 {
			return unmet{"in flight " + list(p, there)}
		}
		return err
	}
	want := 0
	if words[0] != "no" {
		var err error
		if want, err = strconv.Atoi(words[0]); err != nil || len(words) < 3 {
			return errors.New("write \"expect N|no TYPE sent|in flight [LINKS]\"")
		}
	}
	kind, words := words[1], words[2:]
	sent := words[0] == "sent"
	if !sent && words[0] == "in" {
		words = words[1:]
	}
	if words[0] != "sent" && words[0] != "flight" {
		return errors.New("write \"expect N|no TYPE sent|in flight [LINKS]\"")
	}
	pairs, err := p.links(words[1:])
	if err != nil {
		return err
	}
	n := 0
	for _, m := range p.sent {
		if sent && m.kind == kind && slices.ContainsFunc(pairs, func(q network.Pair) bool { return q.From == m.from && q.To == m.to }) {
			n++
		}
	}
	for _, q := range p.flying(pairs) {
		if !sent && q.kind == kind {
			n++
		}
	}
	if n != want {
		return unmet{fmt.Sprintf("there were %d", n)}
	}
	return p.knownKind(kind)
}

// knownKind fails for a type that the protocol does not have.
func (p *player) knownKind(kind string) error {
	var known []string
	for _, v := range p.suite.Protocol.Types {
		known = append(known, kindOf(v))
	}
	if kind == breakKind || slices.Contains(known, kind) {
		return nil
	}
	return fmt.Errorf("no type %q: %s", kind, hint.For(kind, known))
}

// expectClient: got TEXT, or waits.
func (p *player) expectClient(id protocols.ClientID, words []string) error {
	answer, answered := p.answers[id]
	state := "was told: " + answer
	if !answered {
		state = "has no answer"
	}
	switch {
	case words[0] == "waits" && len(words) == 1:
		if !p.sim.World.Clients[id-1].Open {
			return unmet{"it does not wait, it " + state}
		}
	case words[0] == "got" && len(words) > 1:
		if want := strings.Join(words[1:], " "); !answered || answer != want {
			return unmet{"it " + state}
		}
	default:
		return errors.New("write \"expect CLIENT got TEXT\" or \"expect CLIENT waits\"")
	}
	return nil
}

// expectNodes: NODES is up|down|paused, hold KEY = VALUE, hold no KEY, agree.
func (p *player) expectNodes(words []string) error {
	verbs := []string{"is", "are", "hold", "holds", "agree"}
	at := slices.IndexFunc(words, func(w string) bool { return slices.Contains(verbs, w) })
	if at < 1 {
		return fmt.Errorf("%q is nothing to expect: the documentation of package story lists the forms", strings.Join(words, " "))
	}
	ids, err := p.nodes(words[:at])
	if err != nil {
		return err
	}
	verb, rest := words[at], words[at+1:]
	if verb == "agree" {
		return p.expectAgree(ids)
	}
	for _, id := range ids {
		switch {
		case (verb == "is" || verb == "are") && len(rest) == 1 && slices.Contains([]string{"up", "down", "paused"}, rest[0]):
			if is := condition(p.cell(id)); is != rest[0] {
				return unmet{fmt.Sprintf("%s is %s", p.name(id), is)}
			}
		case strings.HasPrefix(verb, "hold") && len(rest) == 2 && rest[0] == "no":
			err = p.expectValue(id, rest[1], "nothing")
		case strings.HasPrefix(verb, "hold") && len(rest) == 3 && rest[1] == "=":
			err = p.expectValue(id, rest[0], rest[2])
		default:
			return errors.New("write \"NODES is up|down|paused\", \"NODES hold KEY = VALUE\" or \"NODES hold no KEY\"")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// machineOf returns a node's state machine.
func (p *player) machineOf(id protocols.NodeID) (protocols.StateMachine, error) {
	if !p.cell(id).Up {
		return nil, unmet{p.name(id) + " is down"}
	}
	replica, is := p.cell(id).Node.(protocols.Replica)
	if !is {
		return nil, errors.New("the protocol's nodes show no state machine")
	}
	return replica.Replicated(), nil
}

func (p *player) expectValue(id protocols.NodeID, key, want string) error {
	m, err := p.machineOf(id)
	if err != nil {
		return err
	}
	get := machine.Command{Op: machine.Get, Key: key}
	result, _ := m.Query(get)
	read, is := result.(machine.Result)
	if !is {
		return errors.New("the state machine is no machine.KV")
	}
	if holds := resultWords(get, read); holds != want {
		return unmet{fmt.Sprintf("%s holds %s = %s", p.name(id), key, holds)}
	}
	return nil
}

func (p *player) expectAgree(ids []protocols.NodeID) error {
	codec := p.sim.World.Setup().Codec
	var first []byte
	for i, id := range ids {
		m, err := p.machineOf(id)
		if err != nil {
			return err
		}
		bytesOf := codec.Canonical(m.Snapshot())
		if i == 0 {
			first = bytesOf
		} else if !bytes.Equal(first, bytesOf) {
			return unmet{fmt.Sprintf("%s differs from %s", p.name(id), p.name(ids[0]))}
		}
	}
	return nil
}

// expectField: NODE.PATH is [not] VALUE, or has N.
func (p *player) expectField(words []string) error {
	name, path, _ := strings.Cut(words[0], ".")
	id, err := p.node(name)
	if err != nil {
		return err
	}
	if len(words) < 3 {
		return errors.New("write \"NODE.PATH is [not] VALUE\" or \"NODE.PATH has N\"")
	}
	var root any = p.cell(id).Node
	if below, disk := strings.CutPrefix(path, "disk."); disk {
		root, path = p.cell(id).Disk.Durable, below
	} else if !p.cell(id).Up {
		return unmet{name + " is down"}
	}
	v, err := follow(reflect.ValueOf(root), path)
	if err != nil {
		return err
	}
	if words[1] == "has" {
		if k := v.Kind(); k != reflect.Slice && k != reflect.Map {
			return fmt.Errorf("%s is no list", words[0])
		}
		if n, err := strconv.Atoi(words[2]); err != nil || n != v.Len() {
			return unmet{fmt.Sprintf("it has %d", v.Len())}
		}
		return nil
	}
	not := words[2] == "not" && len(words) > 3
	want := strings.Join(words[2:], " ")
	if not {
		want = strings.Join(words[3:], " ")
	}
	if is := p.value(v, true); words[1] != "is" || (is == want) == not {
		return unmet{"it is " + is}
	}
	return nil
}
