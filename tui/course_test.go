package tui

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"quorumlab/checker/explore"
	"quorumlab/checker/explore/reference"
	"quorumlab/tui/course"
)

// brokenRegister is a run of a register of which each server keeps its own copy.
var brokenRegister = explore.Trace{
	Check: explore.TraceVersion, Model: "register-single", Property: "linearizable", Steps: []string{
		"client 3 → server 1: Put(3, B)", "server 1 → client 3: PutOk(3)",
		"client 3 → server 0: Get(6)", "server 0 → client 3: GetOk(6, nothing)",
	},
}

// showCourse opens that run on a screen of a size.
func showCourse(t *testing.T, width, height int) *screen {
	t.Helper()
	var opened *course.Course
	for _, entry := range reference.All() {
		if entry.Name != brokenRegister.Model {
			continue
		}
		model, values, err := entry.Make(map[string]string{"servers": "2"})
		if err != nil {
			t.Fatal(err)
		}
		run := brokenRegister
		run.Parameters = values
		if opened, err = course.FromModel(model, &run); err != nil {
			t.Fatal(err)
		}
	}
	s := &screen{t, NewModel(context.Background(), Options{
		Course:      func(context.Context) (*course.Course, error) { return opened, nil },
		AgainCourse: func(step int) string { return "again " + string(rune('0'+step)) },
	})}
	s.send(tea.WindowSizeMsg{Width: width, Height: height})
	s.do(s.openCourse())
	return s
}

// TestCourse walks through the run of a model, forks, and comes back.
func TestCourse(t *testing.T) {
	s := showCourse(t, 80, 24)
	s.press("v")
	s.shows("✗ linearizable: violated. Not so here: What the clients saw is linearizable.")
	s.shows("check of register-single                                                     4/4")
	for key, want := range map[string]string{
		"3": "made by", "4": "~ client 3: waits for 6 → done", "5": "client 3: done", "6": "from step 4 on",
	} {
		s.press(key).shows(want)
		s.count = "" // a moment later
	}
	s.press("h", "h", "1", "enter") // the first choice is another than what was taken
	s.shows("branch 1")
	s.shows("client 2 → server 0: Put(2, A)")
	s.press("z").shows("2/4")
	s.press("ctrl+r").shows("3/3")
	s.press("c").shows("not possible: a model without nodes: choose one of its steps (1, then enter)")
	s.press("b").shows("check  4 steps  ✗ linearizable")
	s.press("esc", "m", "a", "g", "'", "a").shows("3/3")
	s.press("/", "PutOk", "enter").shows("/PutOk: 1 steps")
	s.press("esc", ":", "go 1", "enter").shows("1/3")
	s.press(":", "time 5s", "enter").shows("the steps of a model have no time")
	s.press("t").shows("client 3 → server 1: Put(3, B)")
	s.press("esc", "?", "export").shows("export: trace and other forms")
	s.press("backspace", "backspace", "backspace", "backspace", "backspace", "backspace")
	if strings.Contains(s.text(), "crash a node") {
		t.Error("the help lists what a model does not have")
	}
	file := filepath.Join(t.TempDir(), "branch.json")
	s.press("esc", ":", "save "+file, "enter").shows("written: ")
	data, err := os.ReadFile(file)
	if err != nil || !explore.IsTrace(string(data)) {
		t.Errorf("saved: %v", err)
	}
	if s.press("q"); s.ended != "again 1" {
		t.Errorf("it ends with %q", s.ended)
	}
}

// TestCourseSizes: on any screen there are as many lines as it is high, and as wide.
func TestCourseSizes(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}, {60, 20}, {20, 5}, {1, 1}} {
		s := showCourse(t, size[0], size[1])
		for _, keys := range []string{"l", "1", "j", "enter", "4", "v", "6", "+", "?", "esc", "b", "esc", "e", "esc", "space"} {
			s.press(keys)
			s.text()
		}
	}
}

// TestCourseScreens compares screens with the golden ones.
func TestCourseScreens(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {60, 20}} {
		showCourse(t, size[0], size[1]).press("v", "h").golden(fmt.Sprintf("course_%dx%d", size[0], size[1]))
	}
}
