package story

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"quorumlab/protocols"
	"quorumlab/protocols/hint"
	"quorumlab/protocols/machine"
	"quorumlab/sim"
)

// clientNamed returns the client of a name, 0 if there is none.
func (p *player) clientNamed(name string) protocols.ClientID {
	for _, c := range p.sim.World.Clients {
		if c.Name == name {
			return c.ID
		}
	}
	return 0
}

func (p *player) clientNames() (names []string) {
	for _, c := range p.sim.World.Clients {
		names = append(names, c.Name)
	}
	return names
}

// clientDoes: asks NODE [then NODE]…: COMMAND, or gives up.
func (p *player) clientDoes(id protocols.ClientID, words []string) error {
	client := &p.sim.World.Clients[id-1]
	if strings.Join(words, " ") == "gives up" {
		if !client.Open {
			return fmt.Errorf("%s waits for nothing", client.Name)
		}
		_, err := p.choose(sim.Choice{Kind: sim.Expire, Client: id, ID: client.Call})
		return err
	}
	end := slices.IndexFunc(words, func(w string) bool { return strings.HasSuffix(w, ":") })
	if end < 1 || words[0] != "asks" || end+1 == len(words) {
		return errors.New("write \"CLIENT asks NODE [then NODE]: COMMAND\" or \"CLIENT gives up\"")
	}
	if client.Open {
		return fmt.Errorf("%s still waits for its answer", client.Name)
	}
	asked := slices.Clone(words[1 : end+1])
	asked[len(asked)-1] = strings.TrimSuffix(asked[len(asked)-1], ":")
	asked = slices.DeleteFunc(asked, func(w string) bool { return w == "then" })
	contacts, err := p.nodes(asked)
	if err != nil {
		return err
	}
	command, err := p.commandOf(words[end+1:])
	if err != nil {
		return err
	}
	delete(p.answers, id)
	client.Contacts, client.Place = contacts, contacts[0]
	client.Script = append(client.Script, sim.Operation{Number: len(client.Script) + 1, Command: command})
	_, err = p.choose(sim.Choice{Kind: sim.Invoke, Client: id})
	return err
}

// each: CLIENT to CLIENT asks …: one after the other, in the order in which they stand
// in the setup, and each is served as by settle. What they were told is summed up.
func (p *player) each(words []string) error {
	if len(words) < 4 || words[1] != "to" {
		return errors.New("write \"each CLIENT to CLIENT asks NODE: COMMAND\"")
	}
	first, last := p.clientNamed(words[0]), p.clientNamed(words[2])
	if first == 0 || last < first {
		return fmt.Errorf("%s to %s are no clients in their order", words[0], words[2])
	}
	p.muted = true
	defer func() { p.muted = false }()
	told := map[string]int{}
	for id := first; id <= last; id++ {
		if err := p.clientDoes(id, words[3:]); err != nil {
			return err
		}
		if err := p.settle(nil); err != nil {
			return err
		}
		answer, answered := p.answers[id]
		if !answered {
			answer = "no answer"
		}
		told[answer]++
	}
	p.muted = false
	for _, answer := range slices.Sorted(maps.Keys(told)) {
		p.say("  %d of them have: %s", told[answer], answer)
	}
	return nil
}

// commandOf reads what a client asks for.
func (p *player) commandOf(words []string) (protocols.Command, error) {
	if words[0] == "reconfigure" {
		ids, err := p.nodes(words[1:])
		slices.Sort(ids)
		return protocols.Reconfigure{Members: ids}, err
	}
	if p.suite.Command != nil {
		return p.suite.Command(words)
	}
	if words[0] == "transfer" && len(words) == 4 {
		amount, err := strconv.ParseInt(words[3], 10, 64)
		return machine.Transfer(words[1], words[2], amount), err
	}
	var transaction machine.Transaction
	for part := range strings.SplitSeq(strings.Join(words, " "), ";") {
		c, err := simple(strings.Fields(part))
		if err != nil {
			return nil, err
		}
		transaction.Commands = append(transaction.Commands, c)
	}
	if len(transaction.Commands) == 1 {
		return transaction.Commands[0], nil
	}
	return transaction, nil
}

// simple reads one command of a machine.KV.
func simple(words []string) (machine.Command, error) {
	forms := map[string]string{
		"get": "KEY", "read": "KEY", "put": "KEY VALUE", "write": "KEY VALUE", "cas": "KEY OLD NEW",
		"create": "KEY VALUE", "delete": "KEY", "add": "KEY AMOUNT",
	}
	if len(words) == 0 {
		return machine.Command{}, errors.New("an empty command")
	}
	form, known := forms[words[0]]
	if !known {
		verbs := []string{"add", "cas", "create", "delete", "get", "put", "read", "reconfigure", "transfer", "write"}
		return machine.Command{}, fmt.Errorf("a client cannot ask to %q: %s", words[0], hint.For(words[0], verbs))
	}
	if len(words) != 1+len(strings.Fields(form)) {
		return machine.Command{}, fmt.Errorf("write \"%s %s\"", words[0], form)
	}
	c := machine.Command{Key: words[1], Value: words[len(words)-1]}
	switch words[0] {
	case "get", "read":
		c.Op, c.Value = machine.Get, ""
	case "put", "write":
		c.Op = machine.Put
	case "cas":
		c.Op, c.Expect = machine.CAS, words[2]
	case "create":
		c.Op, c.Absent = machine.CAS, true
	case "delete":
		c.Op, c.Value = machine.Delete, ""
	case "add":
		c.Op = machine.Add
	}
	return c, nil
}

// commandWords shows a command as a script writes it.
func commandWords(c machine.Command) string {
	switch c.Op {
	case machine.Get, machine.Delete:
		return fmt.Sprintf("%s %s", c.Op, c.Key)
	case machine.CAS:
		if c.Absent {
			return fmt.Sprintf("create %s %s", c.Key, c.Value)
		}
		return fmt.Sprintf("cas %s %s %s", c.Key, c.Expect, c.Value)
	}
	return fmt.Sprintf("%s %s %s", c.Op, c.Key, c.Value)
}

// answerWords shows what a client was told.
func (p *player) answerWords(step *sim.ClientStep) string {
	switch {
	case step.Outcome == sim.Fail:
		return "refused: " + step.Reason
	case step.Outcome == sim.Info:
		return "unknown: " + step.Reason
	case step.Result == nil:
		return "ok"
	}
	switch result := step.Result.(type) {
	case machine.Result:
		if command, known := step.Command.(machine.Command); known {
			return resultWords(command, result)
		}
	case machine.TransactionResult:
		command, known := step.Command.(machine.Transaction)
		if !known || result.Error != "" {
			break
		}
		var parts []string
		for i, r := range result.Results {
			parts = append(parts, resultWords(command.Commands[i], r))
		}
		if result.Aborted {
			return "aborted: " + strings.Join(parts, "; ")
		}
		return strings.Join(parts, "; ")
	}
	return p.show(step.Result)
}

func resultWords(c machine.Command, r machine.Result) string {
	before := "nothing"
	if r.Found {
		before = r.Value
	}
	switch {
	case r.Error != "":
		return "error: " + r.Error
	case c.Op == machine.Get:
		return before
	case (c.Op == machine.CAS || c.Op == machine.Add) && !r.Swapped:
		return "not done, there was " + before
	case c.Op == machine.Delete && !r.Found:
		return "ok, there was nothing"
	}
	return "ok"
}
