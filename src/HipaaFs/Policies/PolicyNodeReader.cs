using System.Diagnostics.CodeAnalysis;

namespace HipaaFs.Cli.Policies;

/// <summary>Reads a node; false when it cannot be read, which was reported then.</summary>
/// <param name="reading">Where problems go.</param>
/// <param name="node">What to read.</param>
/// <param name="label">The name of the setting, for messages.</param>
/// <param name="value">What it says.</param>
internal delegate bool PolicyNodeReader<T>(PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out T value);
