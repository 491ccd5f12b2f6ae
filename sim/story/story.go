package story

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"quorumlab/protocols"
)

var update = flag.Bool("update", false, "rewrite the stories")

// Suite is what the stories of one protocol have in common.
type Suite struct {
	Protocol protocols.Protocol
	// Machine makes a node's state machine; nil: a machine.KV.
	Machine func() protocols.StateMachine
	// Types holds a zero value of each type that Machine and Command bring in.
	Types []any
	// Command reads what a client asks for from the words of a script; nil:
	// the commands of package machine, and reconfigure.
	Command func(words []string) (protocols.Command, error)
	// Slot shows the Slot of a note; nil: as a number.
	Slot func(slot uint64) string
	// Wrap, if not nil, wraps every node: a story of a mutant.
	Wrap func(protocols.Node) protocols.Node
}

// Run plays all stories of a folder.
func Run(t *testing.T, protocol protocols.Protocol, folder string) {
	t.Helper()
	Suite{Protocol: protocol}.Run(t, folder)
}

// Run plays all stories of a folder.
func (s Suite) Run(t *testing.T, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no story in %s: %v", folder, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			told, problems := s.check(file, content, *update)
			for _, problem := range problems {
				t.Error(problem)
			}
			if *update && len(problems) == 0 {
				if err := os.WriteFile(file, told, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// check plays a story twice. It returns the file as it should be, and what is
// wrong; with renew the golden text may differ.
func (s Suite) check(file string, content []byte, renew bool) (told []byte, problems []error) {
	tale, err := read(file, content)
	if err != nil {
		return nil, []error{err}
	}
	text, end, problems := s.play(tale)
	again, endAgain, _ := s.play(tale)
	if len(problems) > 0 {
		return nil, problems
	}
	if text != again || end != endAgain {
		return nil, []error{fmt.Errorf("%s: played again the story differs:\n%s", file, difference(text, again))}
	}
	tale.archive.Files[tale.story].Data = []byte(text)
	if !renew && text != tale.golden {
		return nil, []error{fmt.Errorf(
			"%s: the story is now another (-update rewrites it, if that is meant):\n%s", file, difference(tale.golden, text))}
	}
	return txtar.Format(tale.archive), nil
}

// tale is a story file, read.
type tale struct {
	file    string
	archive *txtar.Archive
	story   int // its place among the archive's files
	golden  string
	setup   []line
	script  []line
}

// line is one line of a file: its number there, from 1, and its text.
type line struct {
	number int
	text   string
}

// read takes a story file apart.
func read(file string, content []byte) (*tale, error) {
	t := &tale{file: file, archive: txtar.Parse(content), story: -1}
	if len(strings.TrimSpace(string(t.archive.Comment))) == 0 {
		return nil, fmt.Errorf("%s: a story begins with what happens and why it matters, in prose", file)
	}
	number := 1 + strings.Count(string(t.archive.Comment), "\n")
	for i, f := range t.archive.Files {
		text := string(f.Data)
		number++ // its marker
		lines := linesOf(number, text)
		number += strings.Count(text, "\n")
		switch f.Name {
		case "setup":
			t.setup = lines
		case "script":
			t.script = lines
		case "story":
			t.story, t.golden = i, text
		default:
			return nil, fmt.Errorf("%s: a story has the files setup, script and story, not %q", file, f.Name)
		}
	}
	if len(t.script) == 0 {
		return nil, fmt.Errorf("%s: there is no script", file)
	}
	if t.story < 0 {
		t.story = len(t.archive.Files)
		t.archive.Files = append(t.archive.Files, txtar.File{Name: "story"})
	}
	return t, nil
}

// linesOf returns the lines that are not empty; the first has a given number.
func linesOf(number int, text string) (lines []line) {
	for words := range strings.SplitSeq(text, "\n") {
		if words = strings.TrimSpace(words); words != "" {
			lines = append(lines, line{number, words})
		}
		number++
	}
	return lines
}

// difference shows where two texts part.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	around := func(sign string, lines []string) (text string) {
		for _, l := range lines[min(at, len(lines)):min(at+6, len(lines))] {
			text += "\t" + sign + " " + l + "\n"
		}
		return text
	}
	before := ""
	for _, l := range a[max(0, at-3):at] {
		before += "\t  " + l + "\n"
	}
	return fmt.Sprintf("line %d\n%s%s%s", at+1, before, around("-", a), around("+", b))
}

// tail returns the last lines of a text.
func tail(text string, most int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return "\t" + strings.Join(lines[max(0, len(lines)-most):], "\n\t")
}

// play plays a tale: what it led to, the bytes of the world at its end, and
// what is wrong with it.
func (s Suite) play(t *tale) (text, end string, problems []error) {
	p, err := s.begin(t)
	if err != nil {
		return "", "", []error{err}
	}
	for _, l := range t.script {
		if err := p.perform(l.text); err != nil {
			err = fmt.Errorf("%s:%d: %q: %w", t.file, l.number, l.text, err)
			if len(problems) == 0 {
				err = fmt.Errorf("%w\nwhat was told last:\n%s", err, tail(p.text.String(), 12))
			}
			problems = append(problems, err)
			if !isUnmet(err) {
				break
			}
		}
	}
	codec := p.sim.World.Setup().Codec
	return p.text.String(), string(codec.Canonical(p.sim.World.State)), slices.Clip(problems)
}
