package command

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// How often progress is shown: on a terminal, where the line is written over,
// and elsewhere.
const (
	progressEveryLive = 200 * time.Millisecond
	progressEvery     = 10 * time.Second
)

// progress is a line on the error stream that tells how far work is. Its
// methods are for one goroutine at a time.
type progress struct {
	w     io.Writer
	live  bool
	every time.Duration
	now   func() time.Time
	last  time.Time
	width int // of what stands on the line now, in characters
}

func newProgress(s streams) *progress {
	p := &progress{w: s.err, live: s.live, every: progressEvery, now: time.Now}
	if p.live {
		p.every = progressEveryLive
	}
	return p
}

// show writes a line at once.
func (p *progress) show(format string, args ...any) {
	p.last = p.now()
	text := fmt.Sprintf(format, args...)
	if !p.live {
		fmt.Fprintln(p.w, text)
		return
	}
	width := utf8.RuneCountInString(text)
	fmt.Fprint(p.w, "\r"+text+strings.Repeat(" ", max(0, p.width-width)))
	p.width = width
}

// update writes a line if it is time to; only then text is called.
func (p *progress) update(text func() string) {
	if p.now().Sub(p.last) >= p.every {
		p.show("%s", text())
	}
}

// clear removes the line, so that something else can be written.
func (p *progress) clear() {
	if p.live && p.width > 0 {
		fmt.Fprint(p.w, "\r"+strings.Repeat(" ", p.width)+"\r")
		p.width = 0
	}
}
