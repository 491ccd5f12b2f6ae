package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
)

// Lesson is a scenario that tells its story, and asks.
type Lesson struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Questions is how many it asks.
	Questions int `json:"questions"`

	scenario *language.Scenario
}

// Lessons returns the shipped scenarios that ask something, in a language.
func Lessons(lab *scenarios.Lab, lang string) ([]Lesson, error) {
	entries, err := lab.Library()
	if err != nil {
		return nil, err
	}
	var lessons []Lesson
	for _, entry := range entries {
		scenario, err := lab.Shipped(entry.Name)
		if err != nil {
			return nil, err
		}
		if scenario, err = scenarios.Translate(scenario, lang); err != nil {
			return nil, err
		}
		if n := questions(scenario); n > 0 {
			lessons = append(lessons, Lesson{entry.Name, entry.Title, n, scenario})
		}
	}
	return lessons, nil
}

// questions counts what a scenario asks, a question of several runs once.
func questions(scenario *language.Scenario) int {
	asked := map[string]bool{}
	for _, run := range scenario.Runs {
		for _, entry := range run.Timeline {
			if ask, ok := entry.Action.(language.Ask); ok {
				asked[ask.Question] = true
			}
		}
	}
	return len(asked)
}

// lessonPicker is the first screen if nothing was named.
type lessonPicker struct {
	lessons []Lesson
	at      int
}

func (p *lessonPicker) press(m *Model, msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "j", "down":
		p.at = min(p.at+1, len(p.lessons)-1)
	case "k", "up":
		p.at = max(p.at-1, 0)
	case "q", "esc":
		return m.quit()
	case "enter", "l", "right":
		m.overlay = nil
		subject := *m.options.Subject
		subject.Scenario = p.lessons[p.at].scenario
		m.options.Subject, m.options.Run = &subject, FirstRun(subject.Scenario)
		return m.open()
	}
	return nil
}

func (p *lessonPicker) lines(m *Model, width, height int) []string {
	one := p.lessons[p.at]
	about := fmt.Sprintf("%s (questions: %d)", one.Title, one.Questions)
	lines := []string{m.theme.title.Render("lessons"), m.theme.faint.Render(about)}
	first := max(0, min(p.at-(height-3)/2, len(p.lessons)-(height-2)))
	for i := first; i < len(p.lessons) && len(lines) < height; i++ {
		one := p.lessons[i]
		text := fmt.Sprintf("%-26s %s", one.Name, one.Title)
		lines = append(lines, m.line(text, i == p.at, false, width))
	}
	return lines
}

func (p *lessonPicker) hint() string { return "j k choose  enter open  q quit" }

// FirstRun returns the run of a scenario that is shown first: one in which
// something is expected to be violated or, if there is none, the first.
func FirstRun(scenario *language.Scenario) int {
	for i := range scenario.Runs {
		if ExpectsViolation(&scenario.Runs[i]) {
			return i
		}
	}
	return 0
}
