package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"quorumlab/protocols/state"
	"quorumlab/sim/trace"
)

// liveReplay is the JSON form of `replay --json` of a real node's trace.
type liveReplay struct {
	Schema int        `json:"schema"`
	Lives  []liveLife `json:"lives"`
	Steps  uint64     `json:"steps"`
}

// liveLife is one life of a real node.
type liveLife struct {
	Cluster  string    `json:"cluster"`
	Node     uint64    `json:"node"`
	Protocol string    `json:"protocol"`
	Mutant   string    `json:"mutant,omitempty"`
	Started  time.Time `json:"started"`
	Steps    uint64    `json:"steps"`
	Seconds  float64   `json:"seconds"`
	Hash     string    `json:"hash"`
	// Killed: the life has no end: the node was killed, or still runs.
	Killed bool `json:"killed"`
	// Refinement is what --refine found.
	Refinement *liveVerdict `json:"refinement,omitempty"`
}

// beginsAsLive reports whether a file is the trace of a real node.
func beginsAsLive(file io.ReadSeeker) (bool, error) {
	header, err := trace.NewReader(file).Next()
	live := err == nil && header.Live() != nil
	_, err = file.Seek(0, io.SeekStart)
	return live, err
}

// liveLives reads the lives of a real node from its trace, one after the other.
type liveLives struct {
	reader *trace.Reader
	codec  *state.Codec
}

func newLiveLives(file io.Reader) (*liveLives, error) {
	codec, err := liveCodec()
	if err != nil {
		return nil, err
	}
	return &liveLives{reader: trace.NewReader(file), codec: codec}, nil
}

// next begins with the next life, whose node is made anew: its player is to be played to
// the end. After the last the error is io.EOF.
func (l *liveLives) next() (trace.Header, *trace.Player, error) {
	header, err := l.reader.Next()
	if err != nil {
		return header, nil, err
	}
	live := header.Live()
	if live == nil {
		return header, nil, l.reader.Damaged(errors.New("it is not that of a real node, as those before are"))
	}
	node, err := liveNode(live, header.Mutant)
	if err != nil {
		return header, nil, l.reader.Damaged(err)
	}
	player, err := trace.NewPlayer(l.reader, header, l.codec, node)
	return header, player, err
}

// replayLives executes all lives of a real node again.
func replayLives(ctx context.Context, file io.Reader, seen func(*trace.Player) error) (*liveReplay, error) {
	lives, err := newLiveLives(file)
	if err != nil {
		return nil, internal(err)
	}
	report := &liveReplay{Schema: 1, Lives: []liveLife{}}
	for {
		header, player, err := lives.next()
		if errors.Is(err, io.EOF) {
			return report, nil
		}
		if err != nil {
			return nil, err
		}
		live := header.Live()
		if err := playLife(ctx, player, seen); err != nil {
			return nil, err
		}
		report.Steps += player.Steps()
		report.Lives = append(report.Lives, liveLife{
			Cluster: live.Cluster, Node: uint64(live.Self), Protocol: live.Protocol, Mutant: header.Mutant, Started: live.Started,
			Steps: player.Steps(), Seconds: player.Step.Time.Seconds(), Hash: player.Hash(), Killed: player.Cut,
		})
	}
}

// playLife executes one life; seen may look at each step.
func playLife(ctx context.Context, player *trace.Player, seen func(*trace.Player) error) error {
	for {
		err := player.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && player.Steps()%1024 == 0 {
			err = ctx.Err()
		}
		if err == nil && seen != nil {
			err = seen(player)
		}
		if err != nil {
			return err
		}
	}
}

// replayLive is `replay` of a real node's trace.
func (l *lab) replayLive(ctx context.Context, name string, file io.Reader, asJSON, refined bool) error {
	var refinement liveRefinement
	var seen func(*trace.Player) error
	if refined {
		seen = refinement.seen
	}
	report, err := replayLives(ctx, file, seen)
	if err != nil {
		return inFile(name, err)
	}
	refinement.tell(report)
	if asJSON {
		err = l.json(report)
	} else {
		l.printLives(report)
	}
	if err != nil {
		return err
	}
	return finished(refinement.code())
}

func (l *lab) printLives(report *liveReplay) {
	for i := range report.Lives {
		life := &report.Lives[i]
		mutant := ""
		if life.Mutant != "" {
			mutant = ", mutant " + life.Mutant
		}
		end := "it ended"
		if life.Killed {
			end = "it has no end: the node was killed, or still runs"
		}
		fmt.Fprintf(l.out, "node %d of %s (%s%s), started %s: %d steps in %.3f s, hash %s; %s\n", life.Node, life.Cluster,
			life.Protocol, mutant, life.Started.Format(time.RFC3339), life.Steps, life.Seconds, life.Hash, end)
		if v := life.Refinement; v != nil {
			lead := "  " + l.paint.judged(string(v.Verdict), fmt.Sprintf("%s: %s", v.Property, v.Verdict))
			if v.Witness != "" {
				lead += " — "
			}
			paragraph(l.out, lead, "      ", v.Witness)
		}
	}
	lives := "1 life"
	if n := len(report.Lives); n != 1 {
		lives = fmt.Sprint(n, " lives")
	}
	fmt.Fprintf(l.out, "replayed %d steps of %s to the same effects\n", report.Steps, lives)
}
