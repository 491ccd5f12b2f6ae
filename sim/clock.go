package sim

import "time"

// Clock is a node's own clock: a reading that may be off (skew), run fast or
// slow (drift) and jump.
type Clock struct {
	// Base is the true time at which the reading was Reading.
	Base, Reading time.Duration
	// Drift is how much faster than true time the clock runs, in parts per
	// million; negative if slower.
	Drift int64
}

const million = 1_000_000

// Read returns the reading at a true time not before Base.
func (c Clock) Read(now time.Duration) time.Duration {
	return c.Reading + c.Advances(now-c.Base)
}

// Lasts returns the true time in which the clock advances by d, rounded up.
func (c Clock) Lasts(d time.Duration) time.Duration {
	if c.Drift == 0 {
		return d
	}
	rate := time.Duration(million + c.Drift)
	return (d/rate)*million + ((d%rate)*million+rate-1)/rate
}

// Advances returns by how much the reading grows within a true time. The
// arithmetic is split so that it neither rounds differently nor overflows within
// a century.
func (c Clock) Advances(d time.Duration) time.Duration {
	return d + (d/million)*time.Duration(c.Drift) + (d%million)*time.Duration(c.Drift)/million
}

// Jump sets the reading forward, or backward if by is negative.
func (c *Clock) Jump(now, by time.Duration) {
	c.Base, c.Reading = now, c.Read(now)+by
}

// SetDrift changes the rate from now on.
func (c *Clock) SetDrift(now time.Duration, drift int64) {
	c.Base, c.Reading = now, c.Read(now)
	c.Drift = drift
}
