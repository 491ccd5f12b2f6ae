package scenarios

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"unicode"

	"quorumlab/scenarios/language"
)

// lessons are the scenarios that a student without a teacher can follow.
var lessons = []string{
	"cap-partition", "mysql-ab", "2pc-coordinator-crash", "3pc-partition", "paxos-duelling-proposers",
	"zab-leader-crash", "zab-partition", "quorum-rw", "lww-clock-skew", "isolated-voter",
}

// TestTranslations finds each line of the lessons in Chinese, and no translation of a
// line that there is not, or not any more.
func TestTranslations(t *testing.T) {
	lab, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(translations, "library/zh/*.yaml")
	if err != nil || len(files) < len(lessons) {
		t.Fatalf("found %d translations: %v", len(files), err)
	}
	names := slices.Clone(lessons)
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "library/zh/"), ".yaml")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		scenario, err := lab.Shipped(name)
		if err != nil {
			t.Fatal(err)
		}
		translation, err := Translation(name, "zh")
		if err != nil {
			t.Fatal(err)
		}
		lines := scenario.Narration()
		for _, line := range lines {
			if !strings.ContainsFunc(translation[line], func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
				t.Errorf("%s: %q is not translated: %q", name, line, translation[line])
			}
		}
		for line := range translation {
			if !slices.Contains(lines, line) {
				t.Errorf("%s: the scenario does not say %q", name, line)
			}
		}
	}
}

// TestLessons has each run of a lesson ask, then say why, and propose what to try.
func TestLessons(t *testing.T) {
	lab, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range lessons {
		scenario, err := lab.Shipped(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range scenario.Runs {
			asked, why, try := false, false, false
			for _, entry := range run.Timeline {
				switch a := entry.Action.(type) {
				case language.Ask:
					asked = true
				case language.Say:
					why = why || asked && strings.HasPrefix(a.Text, "Why")
					try = try || asked && strings.HasPrefix(a.Text, "Try in `step`: ")
				}
			}
			if !asked || !why || !try {
				t.Errorf("%s, run %s: asks %v, then says why %v and what to try %v", name, run.Name, asked, why, try)
			}
		}
	}
}

// TestTranslate changes the words of a scenario, not the scenario.
func TestTranslate(t *testing.T) {
	lab, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	// A line of somebody's own has no translation.
	scenario, err := lab.Shipped("cap-partition", "timeline.0.say=Mine.")
	if err != nil {
		t.Fatal(err)
	}
	before := scenario.Narration()
	told, err := Translate(scenario, "zh")
	if err != nil {
		t.Fatal(err)
	}
	after := told.Narration()
	if len(after) != len(before) || !slices.Contains(after, "Mine.") || slices.Contains(after, before[1]) {
		t.Errorf("found %q", after)
	}
	if !slices.Equal(scenario.Narration(), before) || told.Canonical != scenario.Canonical {
		t.Error("the scenario itself changed")
	}
	for _, name := range []string{"", "..", "a/../cap-partition", "zab-observer"} {
		if translation, err := Translation(name, "zh"); err != nil || translation != nil {
			t.Errorf("%q: found %v, %v", name, translation, err)
		}
	}
	if _, err := Translate(scenario, "zhh"); err == nil || !strings.Contains(err.Error(), `did you mean "zh"?`) {
		t.Errorf("found %v", err)
	}
	_, err = language.ParseTranslation("t.yaml", []byte("a: \"\"\n"))
	if _, ok := errors.AsType[language.Problems](err); !ok {
		t.Errorf("an empty line passes: %v", err)
	}
}
