package command

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"quorumlab/reports/film"
)

// TestReportStepLines: the lines under the witnesses of a report open where they say.
func TestReportStepLines(t *testing.T) {
	folder := t.TempDir()
	if _, stderr, code := quorumlab(t, "report", "--protocols", "async-primary-backup", "--seeds", "1", "--out", folder); code != exitHeld {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	text, err := os.ReadFile(filepath.Join(folder, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^quorumlab (step (\S+) --at (\d+))$`).FindAllStringSubmatch(string(text), -1)
	if len(lines) == 0 {
		t.Fatal("there is no line")
	}
	seen := map[string]bool{}
	for _, line := range lines {
		if seen[line[0]] {
			continue
		}
		seen[line[0]] = true
		trace := filepath.Join(folder, filepath.FromSlash(line[2]))
		stdout, stderr, code := quorumlab(t, "step", trace, "--at", line[3])
		if code != exitHeld && code != exitViolated {
			t.Errorf("%s: exit code %d: %s", line[1], code, stderr)
		}
		if !regexp.MustCompile(`(?m)^\D*` + line[3] + `\b`).MatchString(stdout) {
			t.Errorf("%s: step %s is not in what is printed", line[1], line[3])
		}
		// A page of the same opens there, too.
		page := filepath.Join(folder, "page.html")
		if _, stderr, code := quorumlab(t, "export", trace, "--at", line[3], "--out", page); code != exitHeld {
			t.Errorf("export of %s: exit code %d: %s", line[2], code, stderr)
		}
	}
}

// TestStepperExports: the stepper offers what export writes.
func TestStepperExports(t *testing.T) {
	l := &lab{}
	var extensions []string
	for _, e := range l.exporters() {
		extensions = append(extensions, e.Extension)
	}
	if len(extensions) != len(film.Formats()) || !strings.Contains(strings.Join(extensions, " "), ".html") {
		t.Errorf("the stepper offers %v", extensions)
	}
}
