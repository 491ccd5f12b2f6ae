package command

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

const (
	readmeFile = "../../README.md"
	// readmeLinesMax keeps the README what it is: the first page.
	readmeLinesMax = 150
	// transcribed is the command of which the README shows the output.
	transcribed = "run cap-partition"
	// left stands for lines that the transcript leaves out.
	left = "…"
)

// among matches the lines that the transcript leaves out: what happens before
// the link is cut and after it is healed, and what is summed up in "given up".
var among = regexp.MustCompile(`^ +([01]\.\d+s  |1\d\.\d+s  |snapshot$|answered |side N|✓ happens:|✓ hold[ ,]|✓ availability|epoch-)`)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(readmeFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// generated is a part of the README that the program gives.
type generated struct{ begin, end, text string }

// TestReadme checks the parts of the README that are generated; with -update
// it writes them.
func TestReadme(t *testing.T) {
	text := readme(t)
	for _, part := range []generated{
		{"$ go run . " + transcribed + "\n", "```\n", transcript(t)},
		{"<!-- verbs -->\n", "<!-- end -->\n", verbTable(t)},
		{"<!-- codes -->\n", "<!-- end -->\n", "```\n" + exitCodes + "\n```\n"},
	} {
		before, rest, ok := strings.Cut(text, part.begin)
		found, after, closed := strings.Cut(rest, part.end)
		if !ok || !closed {
			t.Fatalf("the README has no part that begins with %q and ends with %q", part.begin, part.end)
		}
		if found != part.text && !*update {
			t.Errorf("the README has\n%s\nbut the program gives\n%s\ngo test ./tui/command -run Readme -update", found, part.text)
		}
		text = before + part.begin + part.text + part.end + after
	}
	if *update {
		if err := os.WriteFile(readmeFile, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if lines := strings.Count(text, "\n"); lines > readmeLinesMax {
		t.Errorf("the README has %d lines, %d are allowed", lines, readmeLinesMax)
	}
}

// transcript runs the command and returns what the README shows of it: the
// story of the first run that gives something up, of the next what it gave up,
// and the sum.
func transcript(t *testing.T) string {
	t.Helper()
	stdout, stderr, code := quorumlab(t, strings.Fields(transcribed)...)
	if code != exitHeld {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	sections := strings.Split(stdout, "\n\n")
	if len(sections) != 5 {
		t.Fatalf("found %d sections, want a title, three figures and a summary:\n%s", len(sections), stdout)
	}
	next := strings.Split(sections[3], "\n")
	shown := []string{sections[0], left}
	leave := func(line string) bool { return among.MatchString(line) }
	shown = append(shown, elided(strings.Split(sections[2], "\n"), leave)...)
	shown = append(shown, "", next[0])
	shown = append(shown, elided(next[1:], func(line string) bool {
		return !strings.HasPrefix(line, "  ✓ linearizable") && !strings.HasPrefix(line, "  given up")
	})...)
	return strings.Join(append(shown, "", sections[4]), "\n")
}

// elided returns lines with a sign in the place of those to be left out.
func elided(lines []string, leave func(string) bool) []string {
	var shown []string
	for _, line := range lines {
		switch {
		case !leave(line):
			shown = append(shown, line)
		case len(shown) == 0 || shown[len(shown)-1] != left:
			shown = append(shown, left)
		}
	}
	return shown
}

// verbTable lists the verbs with what their help says of them.
func verbTable(t *testing.T) string {
	t.Helper()
	root, err := newRoot(processStreams())
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| verb | does |\n|---|---|\n")
	for _, verb := range verbsBelow(root) {
		usage := verb.Use
		below := verbsBelow(verb)
		if len(below) > 0 && usage == verb.Name() { // it does nothing by itself
			var names []string
			for _, c := range below {
				names = append(names, c.Name())
			}
			usage, below = usage+" "+strings.Join(names, "|"), nil
		}
		row(&table, usage, verb.Short)
		for _, c := range below {
			row(&table, verb.Name()+" "+c.Use, c.Short)
		}
	}
	return table.String()
}

func row(table *strings.Builder, usage, does string) {
	fmt.Fprintf(table, "| `%s` | %s |\n", strings.ReplaceAll(usage, "|", `\|`), does)
}

// verbsBelow returns the verbs just below a command, without those that shells and
// readers of help ask for.
func verbsBelow(cmd *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(cmd.Commands()), func(c *cobra.Command) bool {
		return !c.IsAvailableCommand() || c.Name() == "completion" || c.Name() == "help"
	})
}

// TestReadmeNamesDependencies checks that the README gives the reason of each
// module that go.mod requires directly, and of no other.
func TestReadmeNamesDependencies(t *testing.T) {
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var required []string
	for line := range strings.Lines(string(text)) {
		if m := regexp.MustCompile(`^\t(\S+) v\S+\n$`).FindStringSubmatch(line); m != nil {
			required = append(required, m[1])
		}
	}
	_, section, _ := strings.Cut(readme(t), "## Dependencies\n")
	var named []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\S+)` \\| .+ \\|$").FindAllStringSubmatch(section, -1) {
		named = append(named, m[1])
	}
	slices.Sort(required)
	if len(required) == 0 || !slices.Equal(named, required) {
		t.Errorf("the README gives reasons for\n%v\nbut go.mod requires directly\n%v", named, required)
	}
	for line := range strings.Lines(string(text)) {
		if m := regexp.MustCompile(`^\t(\S+?)(/cmd/\S+)?\n$`).FindStringSubmatch(line); m != nil && !strings.Contains(section, "`"+m[1]+"`") {
			t.Errorf("the README does not name the tool %s", m[1])
		}
	}
}

// TestReadmeMap checks that the README's map has every folder of the house.
func TestReadmeMap(t *testing.T) {
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(readme(t), "## The house\n")
	for _, entry := range entries {
		if entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") && entry.Name() != "runs" &&
			!strings.Contains(section, "\n| `"+entry.Name()+"` | ") {
			t.Errorf("the README's map lacks %s", entry.Name())
		}
	}
}
