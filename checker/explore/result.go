package explore

import "math"

// result sums the search up.
func (s *search) result() *Result {
	distinct, bytes := s.size()
	r := &Result{
		Generated: s.generated, Distinct: distinct, Depth: s.depth, Bound: s.bound,
		Terminal: s.terminal, Bytes: max(bytes, s.bytesMax),
		Kinds: s.kinds(),
	}
	if s.bound != Unbounded {
		r.Frontier = s.frontier
	}
	r.CollisionBound = collisionBound(distinct, s.options.Wide, s.width)
	for i, p := range s.model.Properties() {
		finding := Finding{Property: p, Verdict: Unknown}
		switch h := &s.hits[i]; {
		case h.found:
			finding.Verdict = Violated
			if p.Expectation == Sometimes {
				finding.Verdict = Reached
			}
			finding.Path = s.path(h)
		case s.bound == Unbounded && p.Expectation == Never:
			finding.Verdict = Holds
		case s.bound == Unbounded:
			finding.Verdict = Missed
		}
		r.Findings = append(r.Findings, finding)
	}
	return r
}

// collisionBound returns n(n-1)/2 pairs times the probability that a pair
// collides, at most 1.
func collisionBound(n uint64, wide bool, width int) float64 {
	if width <= 2 || n < 2 {
		return 0 // the fingerprints are one to one
	}
	size := math.Ldexp(1, 64)
	if wide {
		size = math.Ldexp(1, 128)
	}
	return min(1, float64(n)*float64(n-1)/2/size)
}
