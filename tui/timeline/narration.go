package timeline

import (
	"time"

	"quorumlab/scenarios/language"
)

// Cue is a line of narration: it is told from Step on.
type Cue struct {
	// Entry is its number in the run's timeline, from 1.
	Entry int
	Step  int
	At    time.Duration
	Text  string
	// Answer is not "" if the text asks something.
	Answer string
	// Planned: it is told of the run as planned, and somebody acted before it.
	Planned bool
}

// Cues returns the narration of a line.
func (l *Line) Cues() []Cue {
	var cues []Cue
	for i, entry := range l.Run.Timeline {
		cue := Cue{Entry: i + 1, At: entry.At, Step: l.StepAt(entry.At)}
		cue.Planned = len(l.Deeds) > 0 && cue.Step >= int(l.Deeds[0].After)
		switch a := entry.Action.(type) {
		case language.Say:
			cue.Text = a.Text
		case language.Ask:
			cue.Text, cue.Answer = a.Question, a.Answer
		default:
			continue
		}
		cues = append(cues, cue)
	}
	return cues
}

// CueAt returns the last cue that is told after a step; what is told at one place is
// told together. ok is false if there is none yet.
func (l *Line) CueAt(step int) (cue Cue, ok bool) {
	for _, c := range l.Cues() {
		if c.Step > step {
			break
		}
		if ok && c.Step == cue.Step && cue.Answer == "" {
			c.Text = cue.Text + " " + c.Text
		}
		cue, ok = c, true
	}
	return cue, ok
}

// Reply is what somebody made of a question.
type Reply struct {
	Prediction string
	Right      bool
	Skipped    bool
}

// Quiz keeps the replies to the questions of a scenario, by run and entry.
type Quiz struct{ replies map[string]map[int]Reply }

// Answer keeps a reply.
func (q *Quiz) Answer(l *Line, cue Cue, r Reply) {
	if q.replies == nil {
		q.replies = map[string]map[int]Reply{}
	}
	if q.replies[l.Run.Name] == nil {
		q.replies[l.Run.Name] = map[int]Reply{}
	}
	q.replies[l.Run.Name][cue.Entry] = r
}

// Answered returns the reply to a question, if there is one.
func (q *Quiz) Answered(l *Line, cue Cue) (r Reply, ok bool) {
	r, ok = q.replies[l.Run.Name][cue.Entry]
	return r, ok
}

// Score returns how many questions were answered, and how many of them right.
func (q *Quiz) Score() (right, answered int) {
	for _, replies := range q.replies {
		for _, r := range replies {
			if r.Skipped {
				continue
			}
			answered++
			if r.Right {
				right++
			}
		}
	}
	return right, answered
}
