package sim

// Random is one named stream of pseudo-random numbers (SplitMix64: Steele,
// Lea and Flood, "Fast splittable pseudorandom number generators", 2014). It
// is plain data, and the same on every machine and Go version.
type Random struct{ State uint64 }

// Stream returns the stream of the given name and index under a seed. Streams
// are independent: a draw more in one shifts no other.
func Stream(seed uint64, name string, index uint64) Random {
	const fnvOffset, fnvPrime = 14695981039346656037, 1099511628211
	hash := uint64(fnvOffset)
	for _, b := range []byte(name) {
		hash = (hash ^ uint64(b)) * fnvPrime
	}
	return Random{State: mix(seed+golden) ^ mix(hash+golden*(index+1))}
}

// golden is 2^64 divided by the golden ratio, made odd.
const golden = 0x9e3779b97f4a7c15

// Uint64 returns the next number, uniform over all 64 bits.
func (r *Random) Uint64() uint64 {
	r.State += golden
	return mix(r.State)
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
