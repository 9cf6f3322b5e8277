namespace HipaaFs.Testing.Model;

/// <summary>What an operation of the model answers: the values of errno(3) on Linux.</summary>
public enum ModelErrno
{
    None = 0,
    NotPermitted = 1,
    NoEntry = 2,
    Io = 5,
    NoSuchAddress = 6,
    Exists = 17,
    NotADirectory = 20,
    IsADirectory = 21,
    Invalid = 22,
    NoSpace = 28,
    ReadOnly = 30,
    NotEmpty = 39,
    NoAttribute = 61,
    TimedOut = 110,
}
