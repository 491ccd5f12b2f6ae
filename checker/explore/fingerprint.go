package explore

import "math/bits"

// Odd constants without structure: the first digits of e and of the golden ratio.
const (
	keyA = 0xadf85458a2bb4a9b
	keyB = 0x9e3779b97f4a7c15
	keyC = 0xd8b7fd33f1c2b8a5
)

// Fold multiplies two words and folds the product into one.
func Fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// Mix returns a word that differs for different x, and of which every bit
// depends on every bit of x.
func Mix(x uint64) uint64 {
	x ^= x >> 32
	x *= keyA
	x ^= x >> 29
	x *= keyB
	return x ^ x>>32
}

// HashBytes returns a hash of canonical bytes.
func HashBytes(data []byte) uint64 {
	h := uint64(len(data)) * keyB
	for len(data) >= 8 {
		word := uint64(data[0]) | uint64(data[1])<<8 | uint64(data[2])<<16 | uint64(data[3])<<24 |
			uint64(data[4])<<32 | uint64(data[5])<<40 | uint64(data[6])<<48 | uint64(data[7])<<56
		h = Fold(h^word, keyA)
		data = data[8:]
	}
	var rest uint64
	for i, b := range data {
		rest |= uint64(b) << (8 * i)
	}
	return Mix(Fold(h^rest, keyC))
}

// HashWords returns a hash of words that are appended to what has a hash.
func HashWords[W ~uint64](hash uint64, words []W) uint64 {
	hash = Fold(hash^keyC, uint64(len(words))+keyB)
	for _, word := range words {
		hash = Fold(hash^uint64(word), keyA)
		hash ^= hash << 7
	}
	return Mix(hash)
}

// fingerprint returns that of a state. Up to two words it is one to one, so
// that two states never share it.
func fingerprint(state []uint32, seed uint64) uint64 {
	switch len(state) {
	case 1:
		return Mix(uint64(state[0]) ^ seed)
	case 2:
		return Mix(uint64(state[0]) | uint64(state[1])<<32 ^ seed)
	}
	h := seed
	for len(state) >= 2 {
		h = Fold(h^(uint64(state[0])|uint64(state[1])<<32), keyA)
		h ^= h << 7
		state = state[2:]
	}
	if len(state) == 1 {
		h = Fold(h^uint64(state[0]), keyC)
	}
	return Mix(h)
}
