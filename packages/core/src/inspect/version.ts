/** The version of Holdfast, as in package.json; core reads no files, so a test holds the two together. */
export const holdfastVersion = '0.1.0'
