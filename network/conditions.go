package network

import (
	"errors"
	"fmt"
	"math/bits"
	"time"

	"quorumlab/protocols"
)

// Conditions are how one ordered link behaves. The zero value is a perfect
// link. They are no part of Network: only a scheduler that draws at random
// has use for them.
type Conditions struct {
	Delay Distribution
	// Loss, Duplicate and Reorder apply to datagrams only: a stream
	// retransmits, discards duplicates and keeps its order.
	Loss, Duplicate, Reorder Probability
	// ReorderDelay is added to the delay of a packet that is reordered, so
	// that later ones overtake it.
	ReorderDelay Distribution
	// Corrupt is the chance that a packet arrives with flipped bits. The
	// checksum finds it: a datagram is discarded, a stream breaks.
	Corrupt Probability
	// Bandwidth in bytes a second, 0 for unlimited.
	Bandwidth uint64
}

// Fate is what befalls one packet, and its duplicate.
type Fate struct {
	Delay      time.Duration
	Lost       bool
	Corrupted  bool
	Duplicated bool
	// DuplicateDelay is the delay of the duplicate, if there is one.
	DuplicateDelay time.Duration
}

// Validate reports the fields that make no sense.
func (c Conditions) Validate() error {
	return errors.Join(
		prefixed("delay", c.Delay.Validate()),
		prefixed("loss", c.Loss.Validate()),
		prefixed("duplicate", c.Duplicate.Validate()),
		prefixed("reorder", c.Reorder.Validate()),
		prefixed("reorder delay", c.ReorderDelay.Validate()),
		prefixed("corrupt", c.Corrupt.Validate()))
}

func prefixed(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// Fate draws what befalls a packet sent on a link of this kind. All chances
// are drawn first and always, so that changing one of them changes neither the
// other outcomes nor, unless a packet is newly reordered or duplicated, the
// delays that follow.
func (c *Conditions) Fate(s Source, kind protocols.LinkKind) Fate {
	var fate Fate
	reordered := false
	fate.Corrupted = Chance(s, c.Corrupt)
	if kind == protocols.Datagram {
		fate.Lost = Chance(s, c.Loss)
		fate.Duplicated = Chance(s, c.Duplicate)
		reordered = Chance(s, c.Reorder)
	}
	fate.Delay = c.Delay.Draw(s)
	if reordered {
		fate.Delay += c.ReorderDelay.Draw(s)
	}
	if fate.Duplicated {
		fate.DuplicateDelay = c.Delay.Draw(s)
	}
	return fate
}

// Transmission returns how long a message of so many bytes occupies the link:
// bytes/Bandwidth, rounded up to a nanosecond, at most DelayMax. The next
// message can start only when it is over; the scheduler keeps that instant.
func (c Conditions) Transmission(bytes uint64) time.Duration {
	if c.Bandwidth == 0 {
		return 0
	}
	high, low := bits.Mul64(bytes, uint64(time.Second))
	low, carry := bits.Add64(low, c.Bandwidth-1, 0)
	high += carry
	if high >= c.Bandwidth {
		return DelayMax
	}
	nanoseconds, _ := bits.Div64(high, low, c.Bandwidth)
	return time.Duration(min(nanoseconds, uint64(DelayMax)))
}
