/**
 * Loaded first in each process of a test run: tap has it keep a list of all files it loads, for a coverage that nobody asks for, by a loader in a
 * thread of its own, which takes a test file longer than to load tap and itself. Other loaders are let in.
 */
import module from 'node:module'

const { register } = module
module.register = (specifier, ...more) => /@tapjs\/processinfo/.test(String(specifier)) ? undefined : register(specifier, ...more)
