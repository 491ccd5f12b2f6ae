package network

import (
	"math/bits"
	"time"
)

// log2e is log2(e)/1000 in units of 2^-44: it turns thousandths of a natural
// logarithm into binary logarithms.
const log2e = 25380159565

// ln2 is the natural logarithm of 2 in units of 2^-32.
const ln2 = 2977044472

// logNormal returns median * e^(sigma/1000 * z), z being the standard normal
// number that u stands for, at most DelayMax.
func logNormal(u uint64, median time.Duration, sigma uint32) time.Duration {
	magnitude, negative := normal(u)
	high, low := bits.Mul64(magnitude*uint64(sigma), log2e)
	exponent := int64(high<<24 | low>>40) // units of 2^-32
	if negative {
		exponent = -exponent
	}
	whole, fraction := int(exponent>>32), uint32(exponent)
	high, low = bits.Mul64(uint64(median), power(fraction))
	return shifted(high, low, 63-whole)
}

// shifted returns a 128-bit number, 0 or at least 2^63, shifted right, at most
// DelayMax.
func shifted(high, low uint64, by int) time.Duration {
	switch {
	case high == 0 && low == 0:
		return 0
	case by <= 0: // so it stays at least 2^63
		return DelayMax
	case by >= 64:
		return time.Duration(min(high>>(by-64), uint64(DelayMax)))
	case high>>by != 0:
		return DelayMax
	}
	return time.Duration(min(high<<(64-by)|low>>by, uint64(DelayMax)))
}

// power returns 2^(fraction/2^32) in units of 2^-63, with a relative error
// below 2^-25: the upper 12 bits by multiplication of constants, the rest by
// 2^x = 1 + x ln 2.
func power(fraction uint32) uint64 {
	product := powers[0][fraction>>28]
	for i, group := range powers[1:] {
		high, low := bits.Mul64(product, group[fraction>>(24-4*i)&15])
		product = high<<1 | low>>63
	}
	high, _ := bits.Mul64(product, uint64(fraction&(1<<20-1))*ln2)
	return product + high
}

// powers holds 2^(i/16), 2^(i/256) and 2^(i/4096) for i from 0 to 15, in units
// of 2^-63.
var powers = [3][16]uint64{
	{
		0x8000000000000000, 0x85aac367cc487b15, 0x8b95c1e3ea8bd6e7, 0x91c3d373ab11c336,
		0x9837f0518db8a96f, 0x9ef5326091a111ae, 0xa5fed6a9b15138ea, 0xad583eea42a14ac6,
		0xb504f333f9de6484, 0xbd08a39f580c36bf, 0xc5672a115506dadd, 0xce248c151f8480e4,
		0xd744fccad69d6af4, 0xe0ccdeec2a94e111, 0xeac0c6e7dd24392f, 0xf5257d152486cc2c,
	},
	{
		0x8000000000000000, 0x8058d7d2d5e5f6b1, 0x80b1ed4fd999ab6c, 0x810b40a1d81406d4,
		0x8164d1f3bc030773, 0x81bea1708dde6056, 0x8218af4373fc25ec, 0x8272fb97b2a5894c,
		0x82cd8698ac2ba1d7, 0x83285071e0fc4547, 0x8383594eefb6ee37, 0x83dea15b9541b132,
		0x843a28c3acde4046, 0x8495efb3303efd30, 0x84f1f656379c1a29, 0x854e3cd8f9c8c95d,
	},
	{
		0x8000000000000000, 0x80058baf7fee3b5d, 0x800b179c82028fd1, 0x8010a3c708e73282,
		0x8016302f17467628, 0x801bbcd4afcacb09, 0x802149b7d51ebefb, 0x8026d6d889ecfd6a,
		0x802c6436d0e04f51, 0x8031f1d2aca39b44, 0x80377fac1fe1e56a, 0x803d0dc32d464f85,
		0x80429c17d77c18ed, 0x80482aaa212e9e96, 0x804db97a0d095b0c, 0x805348879db7e67d,
	},
}
