namespace HipaaFs.Cli.Configuration;

/// <summary>Reads the text of a setting; returns what is wrong with it, or null.</summary>
internal delegate string? SettingReader<T>(string text, out T value);

/// <summary>A setting whose value has a type.</summary>
internal sealed class Setting<T> : Setting
{
    private readonly SettingReader<T> _reader;

    /// <summary>Describes a setting.</summary>
    public Setting(string key, string? defaultText, string summary, SettingReader<T> reader)
        : base(key, defaultText, summary)
    {
        _reader = reader;
    }

    /// <inheritdoc/>
    public override string? FindProblem(string text) => _reader(text, out _);

    /// <summary>Reads a value that <see cref="FindProblem"/> has accepted.</summary>
    public T Read(string text)
    {
        string? problem = _reader(text, out T value);
        return problem is null ? value : throw new ArgumentException($"{Key}: '{text}' {problem}", nameof(text));
    }
}
