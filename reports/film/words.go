package film

import (
	"fmt"

	"quorumlab/protocols/machine"
	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// show says a command, a result or a message in words if they are those of the
// key-value machine, else as JSON.
func show(codec *state.Codec, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case machine.Command:
		return commandWords(v)
	case machine.Transaction:
		text := "transaction:"
		for _, c := range v.Commands {
			text += " " + commandWords(c)
		}
		return clip(text, shownMost)
	case machine.Result:
		return resultWords(v)
	case machine.TransactionResult:
		if v.Aborted {
			return "aborted"
		}
		return "committed"
	}
	return clip(string(codec.AppendJSON(nil, v)), shownMost)
}

// answer says what a client was answered.
func answer(codec *state.Codec, step *sim.ClientStep) string {
	command, ok := step.Command.(machine.Command)
	result, answered := step.Result.(machine.Result)
	if ok && answered && command.Op == machine.Get && !result.Found && result.Error == "" {
		return "nothing there"
	}
	return show(codec, step.Result)
}

func commandWords(c machine.Command) string {
	switch c.Op {
	case machine.Get:
		return "read " + c.Key
	case machine.Put:
		return fmt.Sprintf("write %q to %s", c.Value, c.Key)
	case machine.Delete:
		return "delete " + c.Key
	case machine.CAS:
		return fmt.Sprintf("cas %s: %q to %q", c.Key, c.Expect, c.Value)
	}
	return fmt.Sprintf("%s %s %s", c.Op, c.Key, c.Value)
}

func resultWords(r machine.Result) string {
	switch {
	case r.Error != "":
		return "error: " + r.Error
	case r.Found:
		return fmt.Sprintf("%q", r.Value)
	case r.Swapped:
		return "swapped"
	}
	return "done"
}
