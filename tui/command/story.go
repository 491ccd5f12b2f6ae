package command

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"quorumlab/checker/linear"
	"quorumlab/scenarios"
	"quorumlab/tui"
)

// textWidth is where text for people is broken into lines, in characters.
const textWidth = 92

// storyIndent is how far the text of a story's line is from the margin: the
// time, a word for the kind of line, and the spaces between.
const storyIndent = 20

// storyPrinter prints what happened, a line each, by virtual time.
type storyPrinter struct {
	w     io.Writer
	paint paint
}

// line prints one line; kind is a word, or "" for narration.
func (p storyPrinter) line(at time.Duration, kind, text string) {
	p.lines(at, kind, tui.Wrap(text, textWidth-storyIndent, 0))
}

func (p storyPrinter) lines(at time.Duration, kind string, lines []string) {
	word := fmt.Sprintf("%-7s", kind)
	switch kind {
	case "fault":
		word = p.paint.violated(word)
	case "ask", "answer":
		word = p.paint.holds(word)
	}
	fmt.Fprintf(p.w, "%s  %s %s\n", p.paint.faint(fmt.Sprintf("%10s", seconds(at))), word, lines[0])
	for _, more := range lines[1:] {
		fmt.Fprintf(p.w, "%*s%s\n", storyIndent, "", more)
	}
}

// tell prints a run's story.
func (p storyPrinter) tell(story []scenarios.Line) {
	for _, line := range story {
		kind := string(line.Kind)
		if line.Kind == scenarios.Says {
			kind = ""
		}
		p.line(line.At, kind, line.Text)
		if line.Answer != "" {
			p.line(line.At, "answer", line.Answer)
		}
	}
}

// clientsToldMax is up to how many operations a story tells what each client
// did; of more only a replay tells.
const clientsToldMax = 24

// storyOf returns a run's story, with its clients' doings if they are few.
func storyOf(result *scenarios.Result) []scenarios.Line {
	if len(result.History) > clientsToldMax {
		return result.Story
	}
	return withClients(result)
}

// waitTold is how long an operation must take for its beginning to be told
// apart from its end.
const waitTold = 100 * time.Millisecond

// withClients returns a run's story together with what its clients did.
func withClients(result *scenarios.Result) []scenarios.Line {
	story := slices.Clone(result.Story)
	tell := func(at int64, format string, args ...any) {
		story = append(story, scenarios.Line{
			At: time.Duration(at), Kind: scenarios.Client, Text: fmt.Sprintf(format, args...),
		})
	}
	for i := range result.History {
		op := &result.History[i]
		client := fmt.Sprintf("client %d", op.Session)
		if at := int(op.Session) - 1; at >= 0 && at < len(result.Run.Clients) {
			client = result.Run.Clients[at].Name
		}
		if op.Return == linear.Never || time.Duration(op.Return-op.Invoke) >= waitTold {
			tell(op.Invoke, "%s asks %s: %s", client, op.Node, inWords(op))
		}
		if op.Return != linear.Never {
			tell(op.Return, "%s at %s: %s → %s", client, op.Node, inWords(op), outcomeInWords(op))
		}
	}
	slices.SortStableFunc(story, func(a, b scenarios.Line) int { return cmp.Compare(a.At, b.At) })
	return story
}

// inWords says what a client wants.
func inWords(op *linear.Operation) string {
	switch op.Kind {
	case linear.Read:
		return "read " + op.Key
	case linear.CAS:
		return fmt.Sprintf("change %s from %v to %v", op.Key, op.Expected, op.In)
	case linear.Write:
		if !op.In.Present {
			return "delete " + op.Key
		}
	case linear.Transfer:
		if op.Look != "" {
			return fmt.Sprintf("transfer %d from %s to %s, and look at %s", op.Amount, op.Key, op.To, op.Look)
		}
		return fmt.Sprintf("transfer %d from %s to %s", op.Amount, op.Key, op.To)
	case linear.Txn:
		return op.Wants()
	}
	return fmt.Sprintf("%s %v to %s", op.Kind, op.In, op.Key)
}

func outcomeInWords(op *linear.Operation) string {
	switch {
	case op.Outcome == linear.Info:
		return "unknown (" + op.Error + ")"
	case op.Outcome == linear.Fail:
		return "failed (" + op.Error + ")"
	case op.Kind == linear.Read:
		return op.Out.String()
	case op.Kind == linear.Txn:
		return op.Saw()
	case op.Kind == linear.CAS && !op.Swapped:
		return "ok, not changed"
	case op.Kind == linear.Transfer && !op.Swapped:
		return "ok, not moved"
	case op.Kind == linear.Transfer && op.Look != "":
		return fmt.Sprintf("ok, %s was %v", op.Look, op.Out)
	}
	return "ok"
}

// seconds shows virtual time to the millisecond.
func seconds(d time.Duration) string {
	return fmt.Sprintf("%d.%03ds", d/time.Second, d%time.Second/time.Millisecond)
}

// paragraph prints a text wrapped, with a first line that begins with a lead,
// and the others indented.
func paragraph(w io.Writer, lead, indent, text string) {
	margin := utf8.RuneCountInString(indent)
	for i, line := range tui.Wrap(text, textWidth-margin, visible(lead)-margin) {
		if i > 0 {
			lead = indent
		}
		fmt.Fprintln(w, lead+line)
	}
}

// visible counts the characters of a text, those of its colours apart.
func visible(text string) int {
	n, escaped := 0, false
	for _, r := range text {
		switch {
		case r == '\x1b':
			escaped = true
		case escaped:
			escaped = r != 'm'
		default:
			n++
		}
	}
	return n
}
